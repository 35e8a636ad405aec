import type { Raster } from '../../contracts/ports/image-codec.js';

/** Thickness in pixels of an outline on a picture of this size (ENGINEERING 'Images'). */
export function outlineThickness(width: number, height: number): number {
  return Math.max(2, Math.round(Math.min(width, height) / 400));
}

/**
 * A copy of the picture with a red outline around every region of the mask. The line lies outside of the region, so
 * that the defect stays visible, except along the picture's edge, where there is no outside. Draw before resizing.
 */
export function drawOutline(picture: Raster, mask: Raster, thickness = outlineThickness(picture.width, picture.height)): Raster {
  const { width, height } = picture;
  if (mask.width !== width || mask.height !== height || mask.channels !== 1) {
    throw new RangeError(`outline: mask of ${mask.width}x${mask.height}x${mask.channels} on a picture of ${width}x${height}`);
  }
  const data = rgbCopy(picture);
  const marks = mask.data;
  const brush = disc(thickness);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (marks[at] === 0) continue;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) {
        paint(data, at);
        stamp(data, marks, width, height, x, y, brush);
      } else if (marks[at - 1] === 0 || marks[at + 1] === 0 || marks[at - width] === 0 || marks[at + width] === 0) {
        stamp(data, marks, width, height, x, y, brush);
      }
    }
  }
  return { width, height, channels: 3, data };
}

function rgbCopy({ channels, data }: Raster): Uint8Array {
  // Not slice: decoded pictures are Buffers, whose slice shares their memory.
  if (channels === 3) return new Uint8Array(data);
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) rgb.fill(data[i]!, i * 3, i * 3 + 3);
  return rgb;
}

/** Offsets of the pixels within `radius`, as pairs. */
function disc(radius: number): Int32Array {
  const offsets: number[] = [];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      if ((dx !== 0 || dy !== 0) && dx * dx + dy * dy <= radius * radius) offsets.push(dx, dy);
    }
  }
  return Int32Array.from(offsets);
}

function stamp(data: Uint8Array, marks: Uint8Array, width: number, height: number, x: number, y: number, brush: Int32Array): void {
  for (let i = 0; i < brush.length; i += 2) {
    const px = x + brush[i]!;
    const py = y + brush[i + 1]!;
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const at = py * width + px;
    if (marks[at] === 0) paint(data, at);
  }
}

function paint(data: Uint8Array, at: number): void {
  data[at * 3] = 255;
  data[at * 3 + 1] = 0;
  data[at * 3 + 2] = 0;
}
