import type { Client } from '@temporalio/client';
import { walkPlan } from '../activities/stage/plan-walk.js';
import type { Plan, PlanStage } from '../contracts/plan.js';
import type { StageRecord } from '../contracts/record.js';
import { estimator, type Estimate } from '../workflows/core/estimate.js';
import { describeDifference, differences, nearestRecord, type KeyParts } from '../workflows/core/explain-stage.js';
import { stageWorkflowId } from '../workflows/messages.js';
import type { RunOptions } from './commands/run.js';
import { resolveRecipe } from './resolve-recipe.js';
import { searchAttribute } from './search-attribute.js';
import { openSession, type Session } from './session.js';

export interface PlanRow {
  readonly stage: string;
  readonly key: string | null;
  readonly state: 'done' | 'running' | 'will-run' | 'unknown';
  readonly reason: string;
  readonly needs: readonly string[];
  /** Of what is not done, where earlier records of its kind tell. */
  readonly estimate: Estimate | null;
}

/** What a run of this recipe would do now, from the record store; Temporal is asked what runs elsewhere, if it answers. */
export async function planRecipe(file: string, options: RunOptions, session?: Session): Promise<PlanRow[]> {
  const open = session ?? (await openSession());
  const { artifacts } = await open.stores();
  const force = Object.fromEntries(options.force.map((stage) => [stage, 'plan']));
  const plan = await resolveRecipe(file, { ...options, force }, artifacts, 'digest');
  const records = await artifacts.snapshotRecords();
  const walk = await walkPlan(plan, records);
  const ready = new Map(walk.ready.map((one) => [one.stage.id, one]));
  const history = walk.done.size === plan.stages.length ? [] : await records.recent();
  const estimateOf = estimator(history);
  const running = await runningElsewhere(
    open,
    walk.ready.map((one) => one.key),
  );
  return plan.stages.map((stage): PlanRow => {
    const needs = [...new Set(Object.values(stage.inputs).flatMap((source) => (source.from === 'stage' ? [source.stage] : [])))];
    const record = walk.done.get(stage.id);
    if (record !== undefined) {
      const reason = `made by ${record.run} at ${record.finishedAt.slice(0, 16).replace('T', ' ')}`;
      return { stage: stage.id, key: record.key, state: 'done', reason, needs, estimate: null };
    }
    const estimate = estimateOf(stage.kind, stage.queue === 'gpu' ? plan.runtime.gpus : 0);
    const next = ready.get(stage.id);
    if (next === undefined) {
      const waitsFor = needs.filter((id) => !walk.done.has(id));
      const reason = `until ${waitsFor.join(', ')} ${waitsFor.length === 1 ? 'is' : 'are'} known`;
      return { stage: stage.id, key: null, state: 'unknown', reason, needs, estimate };
    }
    const by = running.get(next.key);
    if (by !== undefined) return { stage: stage.id, key: next.key, state: 'running', reason: `running in ${by}`, needs, estimate };
    return { stage: stage.id, key: next.key, state: 'will-run', reason: reasonOf(plan, stage, next.inputs, history), needs, estimate };
  });
}

function reasonOf(plan: Plan, stage: PlanStage, inputs: KeyParts['inputs'], history: readonly StageRecord[]): string {
  if (stage.force !== undefined) return 'forced';
  const now = { ...stage, inputs };
  const nearest = nearestRecord(now, history);
  if (nearest === undefined) return 'never ran';
  const words = differences(now, nearest).map((difference) => {
    const source = stage.inputs[difference.field.replace(/^inputs\./, '')];
    const from = source?.from === 'stage' ? ` (${source.stage})` : source === undefined ? '' : ` (${sourceName(plan, source.digest)})`;
    return `${describeDifference(difference)}${difference.field.startsWith('inputs.') ? from : ''}`;
  });
  const shown = words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more`] : words;
  return `${shown.join(', ')}; nearest: ${nearest.run}`;
}

const sourceName = (plan: Plan, digest: string): string =>
  digest === plan.sources.data.artifact.digest ? 'the dataset' : 'the base model';

/** Which of these keys some run executes right now, and which run asked first. Nothing, and a word of it, when Temporal does not tell. */
async function runningElsewhere(session: Session, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  try {
    return await runningStages(await session.temporal(), new Map(keys.map((key) => [stageWorkflowId(key), key])));
  } catch (error) {
    process.stderr.write(`what runs elsewhere is not known: ${error instanceof Error ? error.message : String(error)}\n`);
    return new Map();
  }
}

/** By one list of all that runs: a plan of thousands of stages would have to ask for each. */
async function runningStages(client: Client, keys: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const running = client.workflow.list({ query: "WorkflowType = 'stage' AND ExecutionStatus = 'Running'" });
  for await (const stage of running) {
    const key = keys.get(stage.workflowId);
    if (key !== undefined) found.set(key, searchAttribute(stage, 'JudoRun') ?? 'another run');
  }
  return found;
}
