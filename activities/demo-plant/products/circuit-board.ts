import { fractalNoise } from '../noise.js';
import type { Drawing, Product } from '../product.js';
import { blob, boundsOf, box, circle, intersection, length, smoothStep, stroke, type Point } from '../shapes.js';
import { CHIPS, HOLES, PACKAGE, pins, TRACES, type Chip } from './circuit-board-layout.js';
import { BOARD_TEXTS } from './circuit-board-texts.js';
import { lettering } from './lettering.js';

const SOLDER = [0.66, 0.67, 0.68] as const;
const SILK = { colour: [0.86, 0.88, 0.83] as const, gloss: 0 };

/** A corner of a soldered circuit board: a package with 16 leads, eight chips, plated holes. */
export const circuitBoard: Product = {
  ...BOARD_TEXTS,
  pose: (random) => ({
    angle: random.between(-0.035, 0.035),
    scale: random.between(0.97, 1.04),
    dx: random.between(-5, 5),
    dy: random.between(-5, 5),
  }),
  draw: (drawing, fault, defect) => {
    const missing = defect === 'missing_chip' ? fault.random.pick(CHIPS) : null;
    drawLaminate(drawing);
    for (const trace of TRACES) drawTrace(drawing, trace);
    for (const hole of HOLES) drawHole(drawing, hole);
    if (defect === 'scratch') drawScratch(fault);
    drawLegend(drawing);
    for (const chip of CHIPS) drawChip(drawing, chip, chip === missing);
    drawPackage(drawing);
    if (defect === 'solder_bridge') drawBridge(fault);
  },
};

function drawLaminate({ canvas, random, noise }: Drawing): void {
  const clouds = fractalNoise(noise, 3);
  const hue = random.between(-0.012, 0.012);
  canvas.each((pixel, x, y) => {
    // Glass cloth shows faintly through the solder mask.
    const cloth = 0.012 * (Math.sin(x * 1.9) + Math.sin(y * 1.9)) + 0.05 * (clouds(x / 24, y / 24) - 0.5);
    canvas.red[pixel] = 0.055 + hue + cloth * 0.5;
    canvas.green[pixel] = 0.29 + cloth;
    canvas.blue[pixel] = 0.165 - hue + cloth * 0.7;
    canvas.gloss[pixel] = 0.16;
    canvas.height[pixel] = 0.35 * clouds(x / 3, y / 3);
  });
}

/** Copper under the mask: lighter green, and raised, so that its flanks catch the lamp. */
function drawTrace({ canvas }: Drawing, { points, width }: (typeof TRACES)[number]): void {
  canvas.cover(
    boundsOf(points, width + 2),
    stroke(points, width),
    (pixel, cover) => {
      canvas.blend(pixel, cover * 0.62, 0.16, 0.47, 0.25);
      canvas.height[pixel]! += cover * 0.9;
    },
    1.4,
  );
}

function drawHole({ canvas }: Drawing, { at: [x, y], radius }: (typeof HOLES)[number]): void {
  const bounds = boundsOf([[x, y]], radius + 3);
  canvas.fill(bounds, circle(x, y, radius), { colour: [0.68, 0.62, 0.44], height: 1.1, gloss: 0.55 });
  canvas.fill(bounds, circle(x, y, radius * 0.52), { colour: [0.035, 0.035, 0.03], height: 0, gloss: 0 }, 0.9);
}

function drawLegend({ canvas }: Drawing): void {
  const print = (points: readonly Point[], width = 0.55): void => canvas.fill(boundsOf(points, 2), stroke(points, width), SILK);
  for (const { name, at, turned } of CHIPS) {
    const [x, y] = at;
    for (const line of lettering(name, turned ? x - 21 : x - 5, turned ? y - 4 : y - 14, 7)) print(line);
  }
  const { x, y, halfWidth, halfHeight } = PACKAGE;
  for (const line of lettering('U1', x + halfWidth + 6, y - 4, 8)) print(line);
  const [left, right, top, bottom] = [x - halfWidth - 3, x + halfWidth + 3, y - halfHeight + 4, y + halfHeight - 4];
  print(
    [
      [left, top],
      [left, bottom],
    ],
    0.6,
  );
  print(
    [
      [right, top],
      [right, bottom],
    ],
    0.6,
  );
}

/** Two solder fillets and a chip between them; without its chip the pads lie bare. */
function drawChip({ canvas, random, noise }: Drawing, { at: [x, y], turned, kind }: Chip, isMissing: boolean): void {
  const along = (a: number, b: number): [number, number] => (turned ? [b, a] : [a, b]);
  const [tiltX, tiltY] = [random.between(-0.5, 0.5), random.between(-0.5, 0.5)];
  for (const side of [-1, 1]) {
    const [ox, oy] = along(side * 9.5, 0);
    const [hw, hh] = along(4.6, 6);
    const pad = box(x + ox, y + oy, hw, hh, 1.5);
    canvas.cover(boundsOf([[x, y]], 20), pad, (pixel, cover, px, py) => {
      const wet = isMissing ? 0.9 : 2.6;
      const dome = wet * smoothStep(0, -3, pad(px, py)) + 0.5 * noise(px / 3, py / 3);
      const tone = 0.9 + 0.2 * noise(px / 2.5, py / 2.5 + 40);
      canvas.blend(pixel, cover, SOLDER[0] * tone, SOLDER[1] * tone, SOLDER[2] * tone);
      canvas.height[pixel]! += (1 + dome - canvas.height[pixel]!) * cover;
      canvas.gloss[pixel]! += (0.6 - canvas.gloss[pixel]!) * cover;
    });
  }
  const [hw, hh] = along(9.5, 5.2);
  const body = box(x + tiltX, y + tiltY, hw, hh, 0.8);
  const bounds = boundsOf([[x, y]], 16);
  if (isMissing) {
    canvas.mark(bounds, box(x, y, ...along(14.3, 6.3), 1.5));
    return;
  }
  shadow(canvas, bounds, body);
  const base = kind === 'resistor' ? ([0.055, 0.055, 0.062] as const) : ([0.56, 0.45, 0.33] as const);
  canvas.cover(bounds, body, (pixel, cover, px, py) => {
    const end = Math.abs(turned ? py - y - tiltY : px - x - tiltX) > 6.6;
    const grain = 0.9 + 0.2 * noise(px, py + 70);
    const [red, green, blue] = end ? SOLDER : base;
    canvas.blend(pixel, cover, red * grain, green * grain, blue * grain);
    canvas.height[pixel]! += (5 - canvas.height[pixel]!) * cover;
    canvas.gloss[pixel] = end ? 0.55 : 0.1;
  });
  if (kind === 'resistor') for (const line of lettering('103', ...markAt(x, y, turned), 4)) markOn(canvas, line);
}

function markAt(x: number, y: number, turned: boolean): [number, number] {
  return turned ? [x - 3.6, y - 2] : [x - 4.6, y - 2];
}

function markOn(canvas: Drawing['canvas'], line: readonly Point[]): void {
  canvas.fill(boundsOf(line, 1), stroke(line, 0.3), { colour: [0.62, 0.62, 0.6] });
}

function drawPackage({ canvas, noise }: Drawing): void {
  const { x, y, halfWidth, halfHeight } = PACKAGE;
  for (const [px, py] of pins()) {
    const pad = box(px, py, 2.1, 6.5, 0.9);
    canvas.cover(boundsOf([[px, py]], 9), pad, (pixel, cover, ux, uy) => {
      const tone = 0.88 + 0.2 * noise(ux / 2, uy / 2);
      canvas.blend(pixel, cover, SOLDER[0] * tone, SOLDER[1] * tone, SOLDER[2] * tone);
      canvas.height[pixel]! += (1 + 2.2 * smoothStep(0, -2, pad(ux, uy)) - canvas.height[pixel]!) * cover;
      canvas.gloss[pixel]! += (0.62 - canvas.gloss[pixel]!) * cover;
    });
  }
  const body = box(x, y, halfWidth, halfHeight, 1.6);
  const bounds = [x - halfWidth - 8, y - halfHeight - 8, x + halfWidth + 8, y + halfHeight + 8] as const;
  shadow(canvas, bounds, body);
  canvas.cover(bounds, body, (pixel, cover, px, py) => {
    const tone = 0.085 + 0.03 * noise(px * 1.4, py * 1.4);
    canvas.blend(pixel, cover, tone, tone, tone * 1.06);
    canvas.height[pixel]! += (6 * smoothStep(0, -3, body(px, py)) + 0.7 * noise(px * 1.2, py * 1.2) - canvas.height[pixel]!) * cover;
    canvas.gloss[pixel] = 0.05;
  });
  const notch = circle(x - halfWidth + 7, y + halfHeight - 7, 2.6);
  canvas.fill(boundsOf([[x - halfWidth + 7, y + halfHeight - 7]], 4), notch, { colour: [0.04, 0.04, 0.045], height: 4 }, 0.8);
  for (const line of [...lettering('C5612', x - 20, y - 9, 8), ...lettering('2536', x - 20, y + 2, 7)]) {
    canvas.cover(boundsOf(line, 1), stroke(line, 0.45), (pixel, cover) => canvas.blend(pixel, cover * 0.6, 0.5, 0.5, 0.49));
  }
}

function shadow(
  canvas: Drawing['canvas'],
  bounds: readonly [number, number, number, number],
  body: (x: number, y: number) => number,
): void {
  canvas.cover(
    bounds,
    (x, y) => body(x - 1.3, y - 1.8) - 1.2,
    (pixel, cover) => canvas.darken(pixel, 1 - 0.5 * cover),
    3,
  );
}

/** Solder that ran together between two neighbouring leads. */
function drawBridge({ canvas, random, noise }: Drawing): void {
  const row = pins();
  const first = random.below(row.length / 2 - 1) + (random.below(2) * row.length) / 2;
  const [left, right] = [row[first]!, row[first + 1]!];
  const outwards = left[1] < PACKAGE.y ? -1 : 1;
  const y = left[1] + outwards * random.between(0, 2.5);
  const waist = random.between(1.9, 3.2);
  const points: Point[] = [
    [left[0], y],
    [(left[0] + right[0]) / 2, y + random.between(-0.8, 0.8)],
    [right[0], y],
  ];
  const neck = stroke(points, (along) => waist + 1.6 * (2 * along - 1) ** 2);
  const lump = blob(points[1]![0], points[1]![1], waist + 1.2, noise, 0.3);
  const visible = box(PACKAGE.x, PACKAGE.y, PACKAGE.halfWidth, PACKAGE.halfHeight);
  const bridge = intersection(
    (px, py) => Math.min(neck(px, py), lump(px, py)),
    (px, py) => -visible(px, py),
  );
  const bounds = boundsOf(points, 8);
  canvas.cover(bounds, bridge, (pixel, cover, px, py) => {
    const tone = 0.98 + 0.14 * noise(px / 2, py / 2);
    canvas.blend(pixel, cover, SOLDER[0] * tone, SOLDER[1] * tone, SOLDER[2] * tone);
    canvas.height[pixel]! += (1.5 + 3.2 * Math.sqrt(smoothStep(0, -3.4, bridge(px, py))) - canvas.height[pixel]!) * cover;
    canvas.gloss[pixel]! += (0.72 - canvas.gloss[pixel]!) * cover;
  });
  canvas.mark(bounds, bridge);
}

/** A tool slid over the board: mask torn open, copper bright where a trace runs beneath, fibre pale elsewhere. */
function drawScratch({ canvas, random, noise }: Drawing): void {
  const heading = random.between(0, 6.28);
  const [cx, cy] = [random.between(150, 215), random.between(60, 200)];
  const half = random.between(16, 32);
  const bow = random.between(-5, 5);
  const points = [-1, -0.6, -0.2, 0.2, 0.6, 1].map((t): Point => {
    const across = bow * (1 - t * t) + random.between(-0.4, 0.4);
    return [cx + Math.cos(heading) * half * t - Math.sin(heading) * across, cy + Math.sin(heading) * half * t + Math.cos(heading) * across];
  });
  const width = random.between(0.9, 1.6);
  const line = stroke(points, (along) => width * (0.4 + 0.6 * Math.sin(Math.PI * Math.min(0.97, along + 0.05))));
  const covered = CHIPS.map(({ at, turned }) => box(at[0], at[1], turned ? 7.5 : 15.5, turned ? 15.5 : 7.5));
  const free = (x: number, y: number): number => covered.reduce((nearest, chip) => Math.max(nearest, -chip(x, y)), -Infinity);
  const torn = intersection(line, free);
  const bounds = boundsOf(points, 4);
  canvas.cover(bounds, torn, (pixel, cover, x, y) => {
    const ragged = 0.75 + 0.5 * noise(x * 1.3, y * 1.3);
    const isCopper = TRACES.some((trace) => nearTrace(trace, x, y));
    if (isCopper) canvas.blend(pixel, cover, 0.86 * ragged, 0.56 * ragged, 0.33 * ragged);
    else canvas.blend(pixel, cover * 0.9, 0.66 * ragged, 0.7 * ragged, 0.52 * ragged);
    canvas.height[pixel]! -= cover * 0.8;
    canvas.gloss[pixel] = isCopper ? 0.5 : 0.1;
  });
  canvas.mark(bounds, (x, y) => torn(x, y) - 0.3);
}

function nearTrace({ points, width }: (typeof TRACES)[number], x: number, y: number): boolean {
  return stroke(points, width)(x, y) < 0 || points.some(([px, py]) => length(x - px, y - py) < width);
}
