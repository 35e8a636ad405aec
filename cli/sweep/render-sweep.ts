import type { StageOutcome } from '../../contracts/run.js';
import { columns, duration, painter } from '../render/terminal.js';
import { grid } from './grid.js';
import { resultTable } from './sweep-results.js';
import type { SweepCell, SweepView } from './sweep-view.js';

const STYLE = { ran: 'green', reused: 'green', skipped: 'dim', failed: 'red', blocked: 'red', running: 'blue', waiting: 'dim' } as const;
const ORDER: readonly StageOutcome[] = ['blocked', 'failed', 'running', 'waiting', 'skipped', 'ran', 'reused'];

/** `12 ran, 3 running, 9 waiting`: stages by outcome, each key once. */
export function countOutcomes(cells: readonly SweepCell[]): string {
  const unique = new Map(cells.map((cell) => [cell.key ?? `${cell.variant}/${cell.stage}`, cell.outcome]));
  const outcomes = [...unique.values()];
  const counts = ORDER.toReversed().map((outcome) => [outcome, outcomes.filter((one) => one === outcome).length] as const);
  return counts.flatMap(([outcome, count]) => (count === 0 ? [] : [`${count} ${outcome}`])).join(', ');
}

/** The whole sweep: a line a variant (at most `most`, those with work first), then the results. */
export function renderSweep(view: SweepView, stream: NodeJS.WriteStream, most = Infinity): string {
  const paint = painter(stream);
  const { status, cells } = view;
  const shown = most < view.sweep.variants.length ? busiest(view, Math.max(1, most)) : view.sweep.variants.map(({ name }) => name);
  const rows = grid(
    cells.filter(({ variant }) => shown.includes(variant)),
    ({ outcome }) => paint(STYLE[outcome], outcome),
  );
  const hidden = view.sweep.variants.length - shown.length;
  const until = status.finishedAt === null ? Date.now() : Date.parse(status.finishedAt);
  return [
    `${paint('bold', status.run)} ${status.state}${status.paused ? ' (paused)' : ''}, ${duration(until - Date.parse(status.startedAt))}: ${countOutcomes(cells)}`,
    columns(rows),
    ...(hidden > 0 ? [`... and ${hidden} more variants`] : []),
    '',
  ].join('\n');
}

/** The results as a table, best first. */
export function renderResults({ sweep, results }: SweepView): string {
  if (sweep.metric === undefined || results === null) return '';
  if (results.every(({ n }) => n === 0)) return `no results yet: no ${sweep.metric.stage} has finished\n`;
  return `${columns(resultTable(results, sweep.metric))}\n`;
}

/** The variants where something happens, in the sweep's order. */
function busiest({ sweep, cells }: SweepView, most: number): string[] {
  const rank = new Map<string, number>();
  for (const { variant, outcome } of cells) rank.set(variant, Math.min(rank.get(variant) ?? ORDER.length, ORDER.indexOf(outcome)));
  const names = sweep.variants.map(({ name }) => name);
  const chosen = new Set(names.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0)).slice(0, most));
  return names.filter((name) => chosen.has(name));
}
