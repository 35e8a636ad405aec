import type { PlanRow } from '../plan-recipe.js';
import { columns, duration, painter } from './terminal.js';

const JSON_VERSION = 1;
const STYLE = { done: 'green', running: 'blue', 'will-run': 'yellow', unknown: 'dim' } as const;

/** A plan as a table for people, as Mermaid for a page, as JSON for machines. */
export function renderPlan(rows: readonly PlanRow[], format: string, stream: NodeJS.WriteStream): string {
  if (format === 'json') {
    const stages = rows.map(({ stage, key, state, reason, estimate }) => ({ stage, key, state, reason, estimate }));
    return `${JSON.stringify({ schemaVersion: JSON_VERSION, stages })}\n`;
  }
  if (format === 'mermaid') {
    const nodes = rows.map((row) => `  ${row.stage}["${row.stage}<br/>${row.state}"]`);
    const edges = rows.flatMap((row) => row.needs.map((need) => `  ${need} --> ${row.stage}`));
    return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`;
  }
  const paint = painter(stream);
  const table = rows.map((row) => [
    row.stage,
    paint(STYLE[row.state], row.state),
    row.key?.slice(0, 12) ?? '-',
    row.estimate === null ? '' : `~${duration(row.estimate.seconds * 1000)}`,
    row.reason,
  ]);
  return `${columns([['STAGE', 'STATE', 'KEY', 'TIME', 'REASON'], ...table])}\n\n${closing(rows)}\n`;
}

/** How much would run, and what it would take where that is known. */
function closing(rows: readonly PlanRow[]): string {
  const work = rows.filter((row) => row.state !== 'done');
  if (work.length === 0) return 'Everything is done: a run would execute no stage.';
  const known = work.flatMap((row) => (row.estimate === null ? [] : [row.estimate]));
  const sum = (pick: (one: (typeof known)[number]) => number) => known.reduce((total, one) => total + pick(one), 0);
  const usd = known.every((one) => one.usd !== null)
    ? `${sum((one) => one.usd ?? 0).toFixed(2)} dollars of teacher`
    : 'teacher cost unknown';
  const cost = `about ${duration(1000 * sum((one) => one.seconds))}, ${sum((one) => one.gpuHours).toFixed(2)} GPU hours, ${usd}`;
  const basis = known.length === work.length ? '' : ` (${work.length - known.length} of them never ran: not counted)`;
  return `${work.length} of ${rows.length} stages would run${known.length === 0 ? '' : `: ${cost}${basis}`}.`;
}
