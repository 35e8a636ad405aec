import type { MaskRaster } from '../../activities/datasets/grid.js';

/** A mask drawn from rectangles `[y, x, height, width]`, cut at its border. */
export function maskOf(height: number, width: number, rectangles: readonly (readonly [number, number, number, number])[]): MaskRaster {
  const data = new Uint8Array(height * width);
  for (const [top, left, rows, columns] of rectangles) {
    for (let y = Math.max(0, top); y < Math.min(height, top + rows); y++) {
      data.fill(255, y * width + Math.max(0, left), y * width + Math.max(0, Math.min(width, left + columns)));
    }
  }
  return { width, height, data };
}

/** Nearest-neighbour resize as Pillow does it: the source pixel below the centre of the target pixel. */
export function nearestResize(mask: MaskRaster, height: number, width: number): MaskRaster {
  const data = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) data[y * width + x] = mask.data[row + Math.floor(((x + 0.5) * mask.width) / width)]!;
  }
  return { width, height, data };
}
