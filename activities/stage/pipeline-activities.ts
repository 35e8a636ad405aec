import { objectKeys } from '../../contracts/artifact.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { RunStatus } from '../../contracts/run.js';
import type { PipelineActivities } from '../../workflows/activity-types.js';
import { walkPlan, type PlanStore } from './plan-walk.js';

/** Stages that one `advance` names at most, so that its result stays far below 8 KiB; the next call names the rest. */
const READY_AT_ONCE = 40;

/** The pipeline's local activities over the record store. */
export function createPipelineActivities(deps: { artifacts: ArtifactStore; objects: ObjectStore; plans: PlanStore }): PipelineActivities {
  return {
    async openPlan(digest) {
      const plan = await deps.plans.load(digest);
      return plan.stages.map(({ id, kind, title, queue, activity }) => ({ stage: id, kind, title, queue, activity }));
    },
    async advance({ plan: digest, exclude }) {
      const plan = await deps.plans.load(digest);
      const walk = await walkPlan(plan, deps.artifacts, new Set(exclude));
      return {
        done: [...walk.done].map(([stage, record]) => ({ stage, key: record.key })),
        ready: walk.ready.slice(0, READY_AT_ONCE).map(({ stage, key }) => ({ stage: stage.id, key })),
      };
    },
    async fileRun(status) {
      await deps.objects.put(objectKeys.run(status.run), JSON.stringify(await withArtifacts(status, deps.artifacts)), {
        contentType: 'application/json',
      });
    },
  };
}

/** The same status with each done stage's artifacts, read from its record. */
export async function withArtifacts(status: RunStatus, artifacts: Pick<ArtifactStore, 'record'>): Promise<RunStatus> {
  const stages = await Promise.all(
    status.stages.map(async (stage) => {
      if (stage.key === null || (stage.outcome !== 'ran' && stage.outcome !== 'reused')) return stage;
      const record = await artifacts.record(stage.key);
      return record === null
        ? stage
        : { ...stage, artifacts: Object.fromEntries(Object.entries(record.outputs).map(([name, ref]) => [name, ref.digest])) };
    }),
  );
  return { ...status, stages };
}
