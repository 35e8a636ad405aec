import { stageLabel } from '../activities/stage/plan-store.js';
import { inputDigests } from '../workflows/core/schedule.js';
import { outputDigests, walkPlan } from '../activities/stage/plan-walk.js';
import type { PlanStage } from '../contracts/plan.js';
import type { Decision } from '../contracts/run.js';
import { describeDifference, differences, nearestRecord, type KeyDifference, type KeyParts } from '../workflows/core/explain-stage.js';
import { CliError, EXIT } from './exit-codes.js';
import { describeDecision } from './render/board.js';
import { runStatus } from './run-view.js';
import type { Session } from './session.js';

/** Why a stage had to run: against which earlier record, in which fields, and what upstream caused those. */
export interface Explanation {
  readonly stage: string;
  readonly key: string | null;
  /** The nearest earlier record; null when no stage of this kind ran before. */
  readonly against: { readonly run: string; readonly key: string; readonly finishedAt: string } | null;
  readonly differences: readonly (KeyDifference & { readonly words: string; readonly cause: Explanation | null })[];
  /** In words, when there is nothing to compare. */
  readonly note: string | null;
  /** Retries of this run that named the stage: who changed or forced it, when and why. */
  readonly decisions: readonly Decision[];
}

/** Explains one stage of a run from the record store alone. */
export async function explainStage(session: Session, run: string, label: string): Promise<Explanation> {
  const stores = await session.stores();
  const status = await runStatus(session, run);
  const plans = await stores.plans.loadAll(status.plan);
  const owner = plans.find(({ variant, plan }) => plan.stages.some((stage) => stageLabel(variant, stage.id) === label));
  if (owner === undefined) {
    const known = status.stages.map((one) => one.stage).join(', ');
    throw new CliError(EXIT.notFound, `run ${run} has no stage "${label}"`, `Its stages: ${known}`);
  }
  const { variant, plan } = owner;
  const records = await stores.artifacts.snapshotRecords();
  const walk = await walkPlan(plan, records);
  const outputs = new Map([...walk.done].map(([id, record]) => [id, outputDigests(record)]));
  const history = await records.recent();

  return explain(plan.stages.find((stage) => stageLabel(variant, stage.id) === label)!);

  function explain(stage: PlanStage): Explanation {
    const record = walk.done.get(stage.id);
    const inputs = record?.inputs ?? inputDigests(stage, outputs);
    const name = stageLabel(variant, stage.id);
    const decisions = status.decisions.filter(({ action, stages, force }) => action === 'retry' && [...stages, ...force].includes(name));
    const alone = { stage: name, decisions, against: null, differences: [] };
    if (inputs === null) {
      const waits = Object.values(stage.inputs).flatMap((source) =>
        source.from === 'stage' && !walk.done.has(source.stage) ? [source.stage] : [],
      );
      return { ...alone, key: null, note: `its key is not known until ${waits.join(', ')} is done` };
    }
    const now: KeyParts = { ...stage, inputs };
    const key = record?.key ?? walk.ready.find((one) => one.stage.id === stage.id)?.key ?? null;
    if (record !== undefined && record.run !== run)
      return { ...alone, key, note: `it did not run: ${record.run} had made it at ${record.finishedAt}` };
    const before = history.filter((one) => one.key !== key && (record === undefined || one.finishedAt < record.startedAt));
    const nearest = nearestRecord(now, before);
    if (nearest === undefined)
      return { ...alone, key, note: `no stage of kind ${stage.kind} was made before it: there is nothing to compare with` };
    return {
      ...{ stage: name, decisions, key, note: null },
      against: { run: nearest.run, key: nearest.key, finishedAt: nearest.finishedAt },
      differences: differences(now, nearest).map((one) => ({ ...one, words: wordsOf(one, stage), cause: causeOf(one, stage) })),
    };
  }

  /** The stage upstream whose output is another than before, explained in its turn. */
  function causeOf({ field }: KeyDifference, stage: PlanStage): Explanation | null {
    const source = stage.inputs[field.replace(/^inputs\./, '')];
    if (!field.startsWith('inputs.') || source?.from !== 'stage') return null;
    const upstream = plan.stages.find((one) => one.id === source.stage);
    return upstream === undefined ? null : explain(upstream);
  }

  function wordsOf(difference: KeyDifference, stage: PlanStage): string {
    const source = stage.inputs[difference.field.replace(/^inputs\./, '')];
    if (!difference.field.startsWith('inputs.') || source === undefined) return describeDifference(difference);
    const made = source.from === 'stage' ? `${source.stage}.${source.output}` : 'a source of the recipe';
    return `${describeDifference(difference)} (${made})`;
  }
}

/** The explanation as indented lines. */
export function renderExplanation(one: Explanation, depth = 0): string {
  const pad = '  '.repeat(depth);
  const head = `${pad}${one.stage}${one.key === null ? '' : ` ${one.key.slice(0, 12)}`}`;
  const decisions = one.decisions.map((decision) => `${pad}  ${describeDecision(decision)}\n`).join('');
  if (one.against === null) return `${head}: ${one.note}\n${decisions}`;
  const compared = `${head}, compared with ${one.against.key.slice(0, 12)} of ${one.against.run} (${one.against.finishedAt.slice(0, 16)}):\n`;
  const lines = one.differences.map(({ words, cause }) => `${pad}  ${words}\n${cause === null ? '' : renderExplanation(cause, depth + 2)}`);
  return compared + lines.join('') + decisions;
}
