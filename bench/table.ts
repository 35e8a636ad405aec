import { columns } from '../cli/render/terminal.js';
import type { BenchResult } from './result.js';

/** The results as people read them, a line each. */
export function table(results: readonly BenchResult[]): string {
  const figure = (value: number | null) => (value === null ? '-' : value.toFixed(value < 100 ? 1 : 0));
  const rows = results.map((row) => [
    row.name,
    figure(row.ours),
    figure(row.baseline),
    row.unit,
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    row.aim,
    row.met ? 'met' : 'MISSED',
  ]);
  return columns([['WHAT', 'OURS', 'BASELINE', '', 'RATIO', 'AIM', ''], ...rows]);
}
