import type { Digest } from '../../contracts/artifact.js';
import type { Plan, PlanStage } from '../../contracts/plan.js';
import { stageKey } from './stage-key.js';

/** Outputs of the stages that are done, by stage id. */
export type DoneOutputs = ReadonlyMap<string, Readonly<Record<string, Digest>>>;

/** The digests of a stage's inputs, or null while one of them is not known yet. */
export function inputDigests(stage: PlanStage, done: DoneOutputs): Record<string, Digest> | null {
  const digests: Record<string, Digest> = {};
  for (const [port, source] of Object.entries(stage.inputs)) {
    const digest = source.from === 'artifact' ? source.digest : done.get(source.stage)?.[source.output];
    if (digest === undefined) return null;
    digests[port] = digest;
  }
  return digests;
}

/** A stage whose inputs are known; done if its record exists, ready if not. */
export interface CandidateStage {
  readonly stage: PlanStage;
  readonly key: Digest;
  readonly inputs: Record<string, Digest>;
}

/** The stages whose inputs are all known and that are not in `settled` (done, running, failed or skipped), with their keys. */
export function readyStages(plan: Plan, done: DoneOutputs, settled: ReadonlySet<string>): CandidateStage[] {
  return plan.stages.flatMap((stage) => {
    if (settled.has(stage.id)) return [];
    const inputs = inputDigests(stage, done);
    return inputs === null ? [] : [{ stage, key: keyOf(stage, inputs), inputs }];
  });
}

/** The last key of each stage of a plan in memory: a plan of thousands is walked again whenever one of its stages ends. */
const lastKeys = new WeakMap<PlanStage, { inputs: string; key: Digest }>();

function keyOf(stage: PlanStage, inputs: Record<string, Digest>): Digest {
  const joined = Object.values(inputs).join();
  const last = lastKeys.get(stage);
  if (last?.inputs === joined) return last.key;
  const key = stageKey(stage, inputs);
  lastKeys.set(stage, { inputs: joined, key });
  return key;
}
