import type { Raster } from '../../contracts/ports/image-codec.js';

const ROWS = ['top', 'center', 'bottom'] as const;
const COLUMNS = ['left', 'center', 'right'] as const;

/** The nine places of a picture, in MMAD's words. */
export const PLACES: readonly string[] = ROWS.flatMap((row) =>
  COLUMNS.map((column) =>
    row === 'center' && column === 'center' ? 'In the center of the image.' : `In the ${row} ${column} of the image.`,
  ),
);

/** Mask pixels in each of the nine places, in the order of `PLACES`. */
export function pixelsByPlace({ width, height, data }: Raster): number[] {
  const counts = PLACES.map(() => 0);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((3 * y) / height);
    for (let x = 0; x < width; x++, i++) {
      if (data[i] !== 0) counts[3 * row + Math.floor((3 * x) / width)]!++;
    }
  }
  return counts;
}

/** Where a defect lies: the place that holds most of it, and the places that hold none of it. Null where it is spread evenly. */
export function placeOf(mask: Raster): { place: string; elsewhere: string[] } | null {
  const counts = pixelsByPlace(mask);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(...counts);
  const elsewhere = PLACES.filter((_, i) => counts[i] === 0);
  if (total === 0 || most < total * 0.55 || elsewhere.length < 3) return null;
  return { place: PLACES[counts.indexOf(most)]!, elsewhere };
}
