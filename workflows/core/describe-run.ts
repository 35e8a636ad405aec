import type { Advance, Decision, RunLive } from '../../contracts/run.js';

/** Rows of the table; a sweep of thousands shows the first. */
const ROWS = 40;

/** The Markdown that the Temporal UI shows on top of a run. */
export function describeRun(view: RunLive, known: Pick<Advance, 'done' | 'total' | 'doneStages'>): string {
  const live = view.live.map((one) => `| ${one.stage} | ${one.state} | ${one.key.slice(0, 12)} | ${cell(one.failure?.message ?? '')} |`);
  const done = known.doneStages.map((stage) => `| ${stage} | done | | |`);
  const rows = [...live, ...done].slice(0, ROWS);
  return [
    `${known.done} of ${known.total} stages done${view.paused ? ', paused' : ''}`,
    '',
    ...(view.lost === undefined ? [] : [`**blocked**: ${view.lost}`, '']),
    '| stage | state | key | failure |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const cell = (text: string): string => text.slice(0, 200).replaceAll('|', '/').replaceAll('\n', ' ');

/** Who resolved a stage last, or any stage (`null`), in words; nothing when nobody did. Told to whoever comes after. */
export function whoResolved(decisions: readonly Decision[], stage: string | null): string {
  const isMeant = (label: string) => stage === null || label === stage || label.endsWith(`/${stage}`);
  const last = decisions.findLast(({ stages }) => stages.some(isMeant));
  return last === undefined ? '' : `; ${last.by} decided ${last.action} at ${last.at}`;
}
