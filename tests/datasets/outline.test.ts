import { describe, expect, test } from 'vitest';
import { drawOutline, outlineThickness } from '../../activities/datasets/outline.js';
import type { Raster } from '../../contracts/ports/image-codec.js';

const WIDTH = 24;
const HEIGHT = 18;
const grey = (channels: 1 | 3): Raster => ({
  width: WIDTH,
  height: HEIGHT,
  channels,
  data: new Uint8Array(WIDTH * HEIGHT * channels).fill(90),
});

function maskOf(isMarked: (x: number, y: number) => boolean): Raster {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (isMarked(i % WIDTH, Math.floor(i / WIDTH)) ? 255 : 0));
  return { width: WIDTH, height: HEIGHT, channels: 1, data };
}

/** `#` where the picture is red, `.` elsewhere. */
function redRows({ data }: Raster): string[] {
  return Array.from({ length: HEIGHT }, (_, y) =>
    Array.from({ length: WIDTH }, (_, x) => {
      const at = (y * WIDTH + x) * 3;
      return data[at] === 255 && data[at + 1] === 0 && data[at + 2] === 0 ? '#' : '.';
    }).join(''),
  );
}

describe('the red outline', () => {
  test('runs around a region, and leaves the region as it is', () => {
    const rows = redRows(
      drawOutline(
        grey(3),
        maskOf((x, y) => x >= 8 && x < 14 && y >= 6 && y < 11),
        2,
      ),
    );
    expect(rows.slice(4, 8)).toEqual([
      '........######..........',
      '.......########.........',
      '......##......##........',
      '......##......##........',
    ]);
    expect(rows.slice(6, 11).every((row) => row.slice(8, 14) === '......')).toBe(true);
  });

  test('is drawn on the edge itself where the region reaches it', () => {
    const rows = redRows(
      drawOutline(
        grey(3),
        maskOf((x, y) => x < 5 && y >= 5 && y < 10),
        2,
      ),
    );
    expect(rows[7]).toBe('#....##.................');
  });

  test('goes around each of several regions, and around a region as large as the picture', () => {
    const two = redRows(
      drawOutline(
        grey(3),
        maskOf((x, y) => y === 8 && (x === 4 || x === 18)),
        2,
      ),
    );
    expect(two[8]).toBe('..##.##.........##.##...');
    const all = redRows(
      drawOutline(
        grey(3),
        maskOf(() => true),
        2,
      ),
    );
    expect(all[0]).toBe('#'.repeat(WIDTH));
    expect(all[5]).toBe(`#${'.'.repeat(WIDTH - 2)}#`);
  });

  test('leaves its input and a picture without a defect unchanged, and makes grey pictures colour', () => {
    const unmarked = maskOf(() => false);
    const drawn = drawOutline(grey(1), unmarked);
    expect(drawn.channels).toBe(3);
    expect(drawn.data.every((value) => value === 90)).toBe(true);
    const everywhere = maskOf(() => true);
    // A decoded picture is a Buffer, whose slice would share its memory.
    const decoded = { ...grey(3), data: Buffer.from(grey(3).data) };
    drawOutline(decoded, everywhere);
    expect(decoded.data.every((value) => value === 90)).toBe(true);
  });

  test('refuses a mask of another size', () => {
    expect(() => drawOutline(grey(3), { width: 4, height: 4, channels: 1, data: new Uint8Array(16) })).toThrow(
      /4x4x1 on a picture of 24x18/,
    );
  });

  test('is at least 2 pixels thick, and a 400th of the short side', () => {
    expect([outlineThickness(256, 256), outlineThickness(1024, 4000), outlineThickness(3000, 2000)]).toEqual([2, 3, 5]);
  });
});
