import type { Point } from '../shapes.js';

/** The board's one layout, in units. Every picture shows this design, so that query and template can be compared. */
export const PACKAGE = { x: 92, y: 112, halfWidth: 36, halfHeight: 25 } as const;
const LEADS = 8;
const LEAD_PITCH = 8.6;

/** Centres of the package's leads: the upper row from left to right, then the lower one. */
export function pins(): Point[] {
  return [-1, 1].flatMap((side) =>
    Array.from({ length: LEADS }, (_, i): Point => [
      PACKAGE.x + (i - (LEADS - 1) / 2) * LEAD_PITCH,
      PACKAGE.y + side * (PACKAGE.halfHeight + 5),
    ]),
  );
}

/** A two-ended component. `turned` = upright. */
export interface Chip {
  readonly name: string;
  readonly at: Point;
  readonly turned: boolean;
  readonly kind: 'resistor' | 'capacitor';
}

export const CHIPS: readonly Chip[] = [
  { name: 'R1', at: [48, 40], turned: false, kind: 'resistor' },
  { name: 'R2', at: [96, 40], turned: false, kind: 'resistor' },
  { name: 'C1', at: [146, 40], turned: false, kind: 'capacitor' },
  { name: 'R3', at: [52, 196], turned: false, kind: 'resistor' },
  { name: 'C2', at: [104, 196], turned: false, kind: 'capacitor' },
  { name: 'R4', at: [176, 96], turned: true, kind: 'resistor' },
  { name: 'C3', at: [176, 150], turned: true, kind: 'capacitor' },
  { name: 'R5', at: [156, 204], turned: false, kind: 'resistor' },
];

const lead = (index: number): Point => pins()[index]!;
const down = ([x, y]: Point, by: number): Point => [x, y + by];

/** Copper under the solder mask. */
export const TRACES: readonly { readonly points: readonly Point[]; readonly width: number }[] = [
  { points: [lead(0), down(lead(0), -14), [40, 50], [39, 40]], width: 1.6 },
  { points: [lead(1), down(lead(1), -18), [58, 46], [57, 40]], width: 1.6 },
  { points: [lead(2), down(lead(2), -20), [87, 44], [87, 40]], width: 1.6 },
  { points: [lead(4), down(lead(4), -20), [105, 46], [105, 40]], width: 1.6 },
  { points: [lead(5), down(lead(5), -17), [137, 42], [137, 40]], width: 1.6 },
  { points: [lead(6), down(lead(6), -9), [140, 66], [204, 66], [216, 54], [216, 46]], width: 1.6 },
  { points: [lead(7), down(lead(7), -4), [150, 73], [176, 80], [176, 87]], width: 1.6 },
  { points: [lead(8), down(lead(8), 14), [44, 176], [43, 196]], width: 1.6 },
  { points: [lead(9), down(lead(9), 20), [61, 184], [61, 196]], width: 1.6 },
  { points: [lead(11), down(lead(11), 22), [95, 184], [95, 196]], width: 1.6 },
  { points: [lead(13), down(lead(13), 22), [113, 184], [113, 196]], width: 1.6 },
  { points: [lead(14), down(lead(14), 12), [140, 178], [147, 190], [147, 204]], width: 1.6 },
  { points: [lead(15), down(lead(15), 5), [150, 160], [166, 166], [176, 159]], width: 1.6 },
  {
    points: [
      [176, 106],
      [176, 141],
    ],
    width: 2,
  },
  {
    points: [
      [176, 124],
      [198, 124],
      [210, 112],
      [218, 112],
    ],
    width: 2,
  },
  {
    points: [
      [165, 204],
      [190, 204],
      [206, 188],
      [218, 188],
    ],
    width: 2,
  },
  {
    points: [
      [154, 40],
      [176, 40],
      [190, 26],
      [240, 26],
    ],
    width: 2.6,
  },
  {
    points: [
      [-20, 230],
      [110, 230],
      [126, 234],
      [290, 234],
    ],
    width: 5,
  },
  {
    points: [
      [-20, 18],
      [30, 18],
      [44, 14],
      [290, 14],
    ],
    width: 4,
  },
  {
    points: [
      [238, 26],
      [238, 234],
    ],
    width: 3,
  },
  {
    points: [
      [16, -20],
      [16, 90],
      [22, 96],
      [22, 160],
      [14, 168],
      [14, 280],
    ],
    width: 2.6,
  },
];

/** Plated holes: the connector's column on the right, and vias. */
export const HOLES: readonly { readonly at: Point; readonly radius: number }[] = [
  ...[46, 79, 112, 145, 188].map((y) => ({ at: [218, y] as Point, radius: 8.5 })),
  ...(
    [
      [22, 128],
      [140, 66],
      [198, 124],
      [150, 160],
      [128, 176],
      [30, 206],
      [238, 210],
      [70, 20],
      [190, 26],
    ] as Point[]
  ).map((at) => ({ at, radius: 3.6 })),
];
