import type { Digest } from '../../contracts/artifact.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { Plan } from '../../contracts/plan.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { readyStages, type ReadyStage } from '../../workflows/core/schedule.js';
import { digestOf } from '../../workflows/core/stage-key.js';

/** Plans by digest. They never change, so a process reads each once. */
export function createPlanStore(objects: ObjectStore) {
  const known = new Map<Digest, Plan>();
  return {
    async file(plan: Plan): Promise<Digest> {
      const digest = digestOf(plan);
      await objects.put(objectKeys.plan(digest), canonicalJson(plan), { ifAbsent: true, contentType: 'application/json' });
      return digest;
    },
    async load(digest: Digest): Promise<Plan> {
      const plan = known.get(digest);
      if (plan !== undefined) return plan;
      const bytes = await objects.get(objectKeys.plan(digest));
      if (bytes === null) {
        throw new StageError({
          type: 'ArtifactMissing',
          message: `plan ${digest} is not in ${objects.description}`,
          remedy: 'Is this the bucket that the run was started with?',
        });
      }
      const loaded = Plan.parse(JSON.parse(bytes.toString('utf8')));
      known.set(digest, loaded);
      return loaded;
    },
  };
}
export type PlanStore = ReturnType<typeof createPlanStore>;

export interface PlanWalk {
  /** Records of the stages that are done, by stage id, in plan order. */
  readonly done: ReadonlyMap<string, StageRecord>;
  /** Stages whose inputs are known and whose record does not exist. */
  readonly ready: readonly ReadyStage[];
}

/** Follows a plan through the record store: what is done, and what could start. Stages in `exclude` are not looked up. */
export async function walkPlan(
  plan: Plan,
  artifacts: Pick<ArtifactStore, 'record'>,
  exclude: ReadonlySet<string> = new Set(),
): Promise<PlanWalk> {
  const done = new Map<string, StageRecord>();
  const outputs = new Map<string, Record<string, Digest>>();
  const missing = new Map<string, ReadyStage>();
  for (;;) {
    const candidates = readyStages(plan, outputs, new Set([...exclude, ...done.keys(), ...missing.keys()]));
    if (candidates.length === 0) break;
    const records = await Promise.all(candidates.map((candidate) => artifacts.record(candidate.key)));
    for (const [index, candidate] of candidates.entries()) {
      const record = records[index];
      if (record === null || record === undefined) missing.set(candidate.stage.id, candidate);
      else {
        done.set(candidate.stage.id, record);
        outputs.set(candidate.stage.id, Object.fromEntries(Object.entries(record.outputs).map(([name, ref]) => [name, ref.digest])));
      }
    }
  }
  return {
    done: new Map(plan.stages.flatMap((stage) => (done.has(stage.id) ? [[stage.id, done.get(stage.id)!]] : []))),
    ready: [...missing.values()],
  };
}
