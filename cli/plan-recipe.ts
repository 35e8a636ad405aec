import type { StageRecord } from '../contracts/record.js';
import { walkPlan } from '../activities/stage/plan-walk.js';
import type { RunOptions } from './commands/run.js';
import { columns, painter } from './render/terminal.js';
import { resolveRecipe } from './resolve-recipe.js';
import { openSession } from './session.js';

export interface PlanRow {
  readonly stage: string;
  readonly key: string | null;
  readonly state: 'done' | 'running' | 'will-run' | 'unknown';
  readonly reason: string;
  readonly needs: readonly string[];
}

/** What a run of this recipe would do now, from the record store alone. */
export async function planRecipe(file: string, options: RunOptions): Promise<PlanRow[]> {
  const session = await openSession();
  const { artifacts } = await session.stores();
  const force = Object.fromEntries(options.force.map((stage) => [stage, 'plan']));
  const plan = await resolveRecipe(file, { ...options, force }, artifacts, 'digest');
  const walk = await walkPlan(plan, artifacts);
  const ready = new Map(walk.ready.map((one) => [one.stage.id, one.key]));
  return plan.stages.map((stage) => {
    const needs = [...new Set(Object.values(stage.inputs).flatMap((source) => (source.from === 'stage' ? [source.stage] : [])))];
    const record = walk.done.get(stage.id);
    if (record !== undefined) return { stage: stage.id, key: record.key, state: 'done', reason: doneReason(record), needs };
    const key = ready.get(stage.id);
    if (key !== undefined)
      return { stage: stage.id, key, state: 'will-run', reason: stage.force === undefined ? 'no record of this key' : 'forced', needs };
    const waitsFor = needs.filter((id) => !walk.done.has(id));
    return {
      stage: stage.id,
      key: null,
      state: 'unknown',
      reason: `until ${waitsFor.join(', ')} ${waitsFor.length === 1 ? 'is' : 'are'} known`,
      needs,
    };
  });
}

const doneReason = (record: StageRecord): string => `made by ${record.run} at ${record.finishedAt.slice(0, 16).replace('T', ' ')}`;

const JSON_VERSION = 1;

export function renderPlan(rows: readonly PlanRow[], format: string, stream: NodeJS.WriteStream): string {
  if (format === 'json') {
    return `${JSON.stringify({ schemaVersion: JSON_VERSION, stages: rows.map(({ stage, key, state, reason }) => ({ stage, key, state, reason })) })}\n`;
  }
  if (format === 'mermaid') {
    const nodes = rows.map((row) => `  ${row.stage}["${row.stage}<br/>${row.state}"]`);
    const edges = rows.flatMap((row) => row.needs.map((need) => `  ${need} --> ${row.stage}`));
    return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`;
  }
  const paint = painter(stream);
  const style = { done: 'green', running: 'blue', 'will-run': 'yellow', unknown: 'dim' } as const;
  const table = rows.map((row) => [row.stage, paint(style[row.state], row.state), row.key?.slice(0, 12) ?? '-', row.reason]);
  const work = rows.filter((row) => row.state !== 'done').length;
  return `${columns([['STAGE', 'STATE', 'KEY', 'REASON'], ...table])}\n\n${work === 0 ? 'Everything is done: a run would execute no stage.' : `${work} of ${rows.length} stages would run.`}\n`;
}
