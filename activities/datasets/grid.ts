import type { Cell } from '../../contracts/rows.js';

/** Cells along each side of the grid (SPEC 3). */
export const GRID = 16;

/** Think text of a Stage-1 target whose query is normal (JUDO seg_sft, default_normal_diff). */
export const NORMAL_COMPARISON =
  'No meaningful difference is observed; the query matches the normal template in alignment, shape, and surface condition.';

/** Think text of a Stage-1 target that marks cells but has no written comparison (JUDO seg_sft). */
export const UNDESCRIBED_COMPARISON = 'A localized difference exists in the regions indicated by the segmentation line.';

/** A one-channel raster: any non-zero byte is a defect pixel. */
export interface MaskRaster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How a mask becomes cells. Threshold 0 means any overlap. */
export interface GridRule {
  readonly coverageThreshold: number;
  readonly fallbackAnyPixel: boolean;
  readonly grid?: number;
}

/** Whose text-to-cells rules apply: `strict` is ours, `judo_code` keeps the published parser's leniency (SPEC 3). */
export type SegProfile = 'strict' | 'judo_code';

/** The `grid + 1` pixel edges along an axis: `floor(i * length / grid)`. */
export function gridEdges(length: number, grid = GRID): number[] {
  const step = length / grid;
  return Array.from({ length: grid + 1 }, (_, i) => (i === grid ? length : Math.trunc(i * step)));
}

/** Cells that a mask marks, row by row. An empty mask gives no cell. */
export function maskToCells(mask: MaskRaster, rule: GridRule): Cell[] {
  const grid = rule.grid ?? GRID;
  const coverage = cellCoverage(mask, grid);
  const covered = coverage.filter(({ pixels, size }) => pixels > 0 && pixels / size >= rule.coverageThreshold);
  const chosen = covered.length === 0 && rule.fallbackAnyPixel ? coverage.filter(({ pixels }) => pixels > 0) : covered;
  return chosen.map(({ cell }) => cell);
}

function cellCoverage(mask: MaskRaster, grid: number): { cell: Cell; pixels: number; size: number }[] {
  const { width, height, data } = mask;
  if (data.length !== width * height) {
    throw new RangeError(`mask of ${width}x${height} needs ${width * height} bytes, got ${data.length}: decode it to one channel`);
  }
  const rows = gridEdges(height, grid);
  const columns = gridEdges(width, grid);
  const counts = new Uint32Array(grid * grid);
  for (let r = 0; r < grid; r++) {
    for (let y = rows[r]!; y < rows[r + 1]!; y++) {
      for (let c = 0; c < grid; c++) {
        let pixels = 0;
        for (let i = y * width + columns[c]!, end = y * width + columns[c + 1]!; i < end; i++) if (data[i] !== 0) pixels++;
        counts[r * grid + c]! += pixels;
      }
    }
  }
  return Array.from(counts, (pixels, i) => {
    const [r, c] = [Math.floor(i / grid), i % grid];
    return { cell: [r + 1, c + 1] as Cell, pixels, size: (rows[r + 1]! - rows[r]!) * (columns[c + 1]! - columns[c]!) };
  });
}

/** Cells in reading order, each once. */
export function sortCells(cells: readonly Cell[]): Cell[] {
  const unique = new Map(cells.map((cell) => [cell.join(), cell]));
  return [...unique.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** Text of a set of cells: runs of neighbouring columns as ranges; `None` for no cell. The paper's figures print `, `. */
export function cellsToText(cells: readonly Cell[], separator = ' , '): string {
  const runs: { row: number; first: number; last: number }[] = [];
  for (const [row, column] of sortCells(cells)) {
    const run = runs.at(-1);
    if (run && run.row === row && run.last + 1 === column) run.last = column;
    else runs.push({ row, first: column, last: column });
  }
  if (runs.length === 0) return 'None';
  return runs.map(({ row, first, last }) => (first === last ? `(${row},${first})` : `(${row},${first})-(${row},${last})`)).join(separator);
}

/** A Stage-1 target. A missing comparison becomes the fixed sentence of a normal or of an undescribed defect. */
export function segTarget(seg: string, think: string | null): string {
  const text = (think ?? '').trim();
  const missing = ['', 'none', 'null'].includes(text.toLowerCase());
  const fallback = seg.trim().toLowerCase() === 'none' ? NORMAL_COMPARISON : UNDESCRIBED_COMPARISON;
  return `<seg> ${seg.trim()} </seg>\n<think> ${missing ? fallback : text} </think>`;
}

/** The cells a completion's first `<seg>` names, in reading order, or null where they are malformed. */
export function parseCells(completion: string, profile: SegProfile, grid = GRID): Cell[] | null {
  const content = (profile === 'strict' ? /<seg>([\s\S]*?)<\/seg>/ : /<seg>([^\n]*?)<\/seg>/).exec(completion)?.[1]?.trim();
  if (content === undefined) return profile === 'strict' ? null : [];
  if (content.toLowerCase() === 'none') return [];
  const cells: Cell[] = [];
  // A comma inside parentheses has a `)` ahead of it with no `(` between.
  for (const item of content.split(/,(?![^(]*\))/).map((part) => part.trim())) {
    if (item === '') continue;
    const run = profile === 'strict' ? readItem(item) : readItemLeniently(item);
    if (!run) return null;
    const [row, first, lastRow, last] = run;
    if (row !== lastRow || first > last || row < 1 || row > grid || first < 1 || last > grid) return null;
    for (let column = first; column <= last; column++) cells.push([row, column]);
  }
  return sortCells(cells);
}

type Run = readonly [row: number, first: number, lastRow: number, last: number];

const ITEM = /^\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\)(?:\s*-\s*\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\))?$/;

function readItem(item: string): Run | null {
  const match = ITEM.exec(item);
  if (!match) return null;
  const [row, first] = [Number(match[1]), Number(match[2])];
  return match[3] === undefined ? [row, first, row, first] : [row, first, Number(match[3]), Number(match[4])];
}

/** The published parser: parentheses are stripped wherever they are, and integers are read as Python's `int` does. */
function readItemLeniently(item: string): Run | null {
  const ends = item.split('-');
  if (ends.length > 2) return null;
  const numbers = ends.map((end) => end.replace(/^[() ]+|[() ]+$/g, '').split(','));
  if (numbers.some((pair) => pair.length !== 2 || !pair.every((n) => /^\s*\+?\d+(_\d+)*\s*$/.test(n)))) return null;
  const values = numbers.flat().map((n) => Number(n.replaceAll('_', '')));
  const [row, first, lastRow = row, last = first] = values as [number, number, number?, number?];
  return [row, first, lastRow, last];
}
