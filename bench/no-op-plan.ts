import type { Plan, PlanStage } from '../contracts/plan.js';
import { segJux } from '../contracts/stages/sft.js';

const NOTHING = { digest: '0'.repeat(64), files: 0, bytes: 0 };

/** Sources of a plan whose stages read none. */
export const NO_SOURCES: Plan['sources'] = {
  data: { artifact: NOTHING, root: '/', demoPlant: false },
  model: { artifact: NOTHING, name: 'tiny', tiny: true },
};

/** Names of so many stages. */
export const stageIds = (count: number): string[] => Array.from({ length: count }, (_, n) => `stage-${n}`);

/** Stages in a chain, of a kind that workers know but done by the activity `noOp`; `nonce` makes their keys new. */
export function noOpPlan(nonce: string, ids: readonly string[]): Plan {
  return {
    schemaVersion: 1,
    name: 'bench',
    command: 'npm run bench',
    sources: NO_SOURCES,
    teacher: { model: 'rehearsal' },
    runtime: { gpus: 1, deviceBatch: { sft: 1, grpo: 1, infer: 1 }, checkpointEverySteps: 1, teacherConcurrency: 1, preemptible: false },
    stages: ids.map((id, n): PlanStage => ({
      id,
      kind: segJux.kind,
      title: id,
      implementationVersion: segJux.implementationVersion,
      queue: 'cpu',
      activity: 'noOp',
      params: { nonce },
      inputs: n === 0 ? {} : { before: { from: 'stage', stage: ids[n - 1]!, output: 'out' } },
      outputs: ['out'],
    })),
  };
}
