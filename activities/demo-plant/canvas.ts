import type { Shape } from './shapes.js';

/** Products are drawn in units of 1/256 of the picture's side, whatever its size in pixels. */
export const UNITS = 256;

/** Where a product lies under the camera: turned about the picture's centre, then moved. */
export interface Pose {
  readonly angle: number;
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

export type Rgb = readonly [red: number, green: number, blue: number];
export type Bounds = readonly [left: number, top: number, right: number, bottom: number];

/** What a pixel is made of. Heights are in units, colours and gloss in [0, 1]. */
export interface Material {
  readonly colour: Rgb;
  /** Absolute height; left out, the height below stays. */
  readonly height?: number;
  readonly gloss?: number;
}

/** Is given each covered pixel: its index, how much of it is covered, and its place on the product. */
export type Paint = (pixel: number, cover: number, x: number, y: number) => void;

const EVERYWHERE: Bounds = [-2 * UNITS, -2 * UNITS, 3 * UNITS, 3 * UNITS];

/** The product's surface before light and camera, and the mask of its defect. */
export class Canvas {
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  readonly height: Float32Array;
  readonly gloss: Float32Array;
  readonly mask: Uint8Array;
  private readonly perUnit: number;
  private readonly cos: number;
  private readonly sin: number;

  constructor(
    readonly size: number,
    private readonly pose: Pose,
  ) {
    const pixels = size * size;
    this.red = new Float32Array(pixels);
    this.green = new Float32Array(pixels);
    this.blue = new Float32Array(pixels);
    this.height = new Float32Array(pixels);
    this.gloss = new Float32Array(pixels);
    this.mask = new Uint8Array(pixels);
    this.perUnit = size / UNITS;
    this.cos = Math.cos(pose.angle);
    this.sin = Math.sin(pose.angle);
  }

  /** Visits every pixel within bounds, given in product coordinates, with its product coordinates. */
  each(visit: (pixel: number, x: number, y: number) => void, bounds: Bounds = EVERYWHERE): void {
    const { size, perUnit, cos, sin } = this;
    const { scale, dx, dy } = this.pose;
    const half = UNITS / 2;
    const [left, top, right, bottom] = this.pixelBounds(bounds);
    const step = 1 / (perUnit * scale);
    for (let row = top; row < bottom; row++) {
      const v = (row + 0.5) * step - (half + dy) / scale;
      for (let column = left; column < right; column++) {
        const u = (column + 0.5) * step - (half + dx) / scale;
        visit(row * size + column, u * cos + v * sin + half, v * cos - u * sin + half);
      }
    }
  }

  /** Paints the inside of a shape, its border softened over `softness` units, or over one pixel. */
  cover(bounds: Bounds, shape: Shape, paint: Paint, softness = 0): void {
    const edge = Math.max(softness, 1 / (this.perUnit * this.pose.scale));
    this.each((pixel, x, y) => {
      const cover = Math.min(1, Math.max(0, 0.5 - shape(x, y) / edge));
      if (cover > 0) paint(pixel, cover, x, y);
    }, bounds);
  }

  /** Fills a shape with one material. */
  fill(bounds: Bounds, shape: Shape, { colour, height, gloss }: Material, softness = 0): void {
    this.cover(
      bounds,
      shape,
      (pixel, cover) => {
        this.blend(pixel, cover, colour[0], colour[1], colour[2]);
        if (height !== undefined) this.height[pixel]! += (height - this.height[pixel]!) * cover;
        if (gloss !== undefined) this.gloss[pixel]! += (gloss - this.gloss[pixel]!) * cover;
      },
      softness,
    );
  }

  /** Moves a pixel's colour towards another. */
  blend(pixel: number, share: number, red: number, green: number, blue: number): void {
    this.red[pixel]! += (red - this.red[pixel]!) * share;
    this.green[pixel]! += (green - this.green[pixel]!) * share;
    this.blue[pixel]! += (blue - this.blue[pixel]!) * share;
  }

  /** Scales a pixel's brightness. */
  darken(pixel: number, factor: number): void {
    this.red[pixel]! *= factor;
    this.green[pixel]! *= factor;
    this.blue[pixel]! *= factor;
  }

  /** Marks the inside of a shape as the defect. */
  mark(bounds: Bounds, shape: Shape): void {
    this.each((pixel, x, y) => {
      if (shape(x, y) <= 0) this.mask[pixel] = 255;
    }, bounds);
  }

  private pixelBounds([x0, y0, x1, y1]: Bounds): Bounds {
    const { size, perUnit, cos, sin, pose } = this;
    const half = UNITS / 2;
    const corners = [
      [x0, y0],
      [x1, y0],
      [x0, y1],
      [x1, y1],
    ].map(([x = 0, y = 0]) => {
      const u = (x - half) * cos - (y - half) * sin;
      const v = (y - half) * cos + (x - half) * sin;
      return [(u * pose.scale + half + pose.dx) * perUnit, (v * pose.scale + half + pose.dy) * perUnit] as const;
    });
    const inside = (value: number): number => Math.min(size, Math.max(0, Math.round(value)));
    const columns = corners.map(([u]) => u);
    const rows = corners.map(([, v]) => v);
    return [
      inside(Math.min(...columns) - 1),
      inside(Math.min(...rows) - 1),
      inside(Math.max(...columns) + 1),
      inside(Math.max(...rows) + 1),
    ];
  }
}
