import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { RaisePriority } from '../../contracts/ports/preemption.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { PipelineActivities } from '../../workflows/activity-types.js';
import { atDeployedVersions, editPlan } from '../../workflows/core/edit-plan.js';
import { didYouMean } from '../../workflows/core/nearest.js';
import { RecipeError } from '../../workflows/core/recipe-error.js';
import { editOfPlan, stageLabel, type PlanStore, type RunPlan } from './plan-store.js';
import { walkRun } from './plan-walk.js';
import { runStatus } from './run-status.js';
import { toStageFailure } from './to-stage-failure.js';
import { usedBy } from './usage.js';

/** Stages that one `advance` names at most, so that its result stays far below 8 KiB; the next call names the rest. */
const READY_AT_ONCE = 16;
/** Done stages that are named, for the Temporal UI. */
const DONE_NAMED = 24;

/** Knows of no record. */
const BLIND = { record: () => Promise.resolve(null) };

/** The pipeline's local activities over the record store. */
export function createPipelineActivities(deps: {
  artifacts: ArtifactStore;
  objects: ObjectStore;
  plans: PlanStore;
  raise: RaisePriority;
  /** The deployed code's; ours unless a test says otherwise. */
  kinds?: typeof STAGE_KINDS;
}): PipelineActivities {
  const { artifacts, objects, plans, raise, kinds = STAGE_KINDS } = deps;
  /** A run's record is filed before anything else of it: where it is gone, the store is not the one that the run began with. */
  async function assertOnRecord(run: string): Promise<void> {
    if ((await objects.head(objectKeys.run(run))) !== null) return;
    throw new StageError({
      type: 'ArtifactMissing',
      message: `the record of run ${run} is no longer in ${objects.description}: that store was emptied, or is another one`,
      remedy: `Bring the bucket back, then: judo retry ${run}. Nothing was started over.`,
    });
  }

  return classifying({
    async advance({ run, plan: digest, held, limit, review }) {
      await assertOnRecord(run);
      const all = await plans.loadAll(digest);
      const most = Math.min(limit, READY_AT_ONCE);
      const walk = await walkRun(all, artifacts, { held: new Set(held), misses: review ? Infinity : Math.max(1, most) });
      const needed = new Set(walk.keys.values());
      return {
        ready: walk.ready.slice(0, most).map(({ label, stage, key, plan }) => {
          const { id, kind, title, queue, activity } = stage;
          return { stage: label, id, kind, title, queue, activity, key, plan };
        }),
        obsolete: review ? held.filter((key) => !needed.has(key)) : [],
        done: walk.done.size,
        total: all.reduce((sum, { plan }) => sum + plan.stages.length, 0),
        doneStages: [...walk.done.keys()].slice(0, DONE_NAMED),
        ...usedBy(run, walk.done.values(), all),
      };
    },
    raisePriority: ({ workflowId, priorityKey }) => raise(workflowId, priorityKey),
    async editPlan({ plan: digest, edit }) {
      try {
        assertKnown(await plans.loadAll(digest), [...edit.stages, ...edit.force]);
        return await plans.change(digest, ({ variant, plan }) => {
          const own = editOfPlan(edit, { variant, plan });
          return own === null ? plan : editPlan(plan, own, kinds);
        });
      } catch (error) {
        throw error instanceof RecipeError ? new StageError({ type: 'InvalidSpec', message: error.message }) : error;
      }
    },
    async deployedPlan({ plan: digest, running }) {
      const all = await plans.loadAll(digest);
      if (all.every(({ plan }) => atDeployedVersions(plan, kinds) === plan)) return digest;
      const { done, keys } = await walkRun(all, artifacts, { held: new Set(running) });
      const stays = (label: string) => done.has(label) || running.includes(keys.get(label) ?? '');
      return plans.change(digest, ({ variant, plan }) => atDeployedVersions(plan, kinds, (id) => stays(stageLabel(variant, id))));
    },
    async fileRun(live, isNew) {
      if (!isNew) await assertOnRecord(live.run);
      const status = await runStatus(live, { plans, artifacts }).catch((error: unknown) => {
        // A new run is filed whatever state the records are in: `advance` blocks it, and says why.
        if (isNew && error instanceof StageError && error.failure.type === 'InvalidSpec')
          return runStatus(live, { plans, artifacts: BLIND });
        throw error;
      });
      await objects.put(objectKeys.run(live.run), JSON.stringify(status), { contentType: 'application/json' });
    },
  });
}

/** What does not pass by itself fails at once, as one of the closed set: the run is then blocked, with the reason. */
function classifying(activities: PipelineActivities): PipelineActivities {
  const edge =
    <Args extends unknown[], Result>(name: string, activity: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      activity(...args).catch((error: unknown) => Promise.reject(toStageFailure(error, { stage: name })));
  return {
    advance: edge('advance', activities.advance),
    raisePriority: edge('raisePriority', activities.raisePriority),
    editPlan: edge('editPlan', activities.editPlan),
    deployedPlan: edge('deployedPlan', activities.deployedPlan),
    fileRun: edge('fileRun', activities.fileRun),
  };
}

/** Throws `RecipeError` for a label that none of a run's plans has. */
function assertKnown(all: readonly RunPlan[], labels: readonly string[]): void {
  const known = all.flatMap(({ variant, plan }) => plan.stages.map(({ id }) => stageLabel(variant, id)));
  const unknown = labels.filter((label) => !known.includes(label));
  if (unknown.length === 0) return;
  throw new RecipeError(unknown.map((label) => ({ path: [label], message: `the plan has no such stage${didYouMean(label, known)}` })));
}
