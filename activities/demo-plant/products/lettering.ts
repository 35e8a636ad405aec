import type { Point } from '../shapes.js';

/** Strokes of each sign on a grid of 4 columns and 6 rows, as pen lines of x,y digits. */
const SIGNS: Readonly<Record<string, readonly string[]>> = {
  '0': ['10 30 41 45 36 16 05 01 10'],
  '1': ['11 20 26', '16 36'],
  '2': ['01 10 30 41 42 06 46'],
  '3': ['01 10 30 41 42 33 44 45 36 16 05', '13 33'],
  '4': ['36 30 04 44'],
  '5': ['40 00 02 32 43 45 36 06'],
  '6': ['40 20 03 05 16 36 45 44 33 03'],
  C: ['41 30 10 01 05 16 36 45'],
  R: ['06 00 30 41 42 33 03', '23 46'],
  U: ['00 05 16 36 45 40'],
};

/** Pen lines of a text whose top left is at (x, y). A sign that has no strokes leaves its place empty. */
export function lettering(text: string, x: number, y: number, height: number): Point[][] {
  const scale = height / 6;
  return [...text].flatMap((sign, index) =>
    (SIGNS[sign] ?? []).map((line) =>
      line.split(' ').map((digits): Point => [x + (Number(digits[0]) + index * 5.6) * scale, y + Number(digits[1]) * scale]),
    ),
  );
}
