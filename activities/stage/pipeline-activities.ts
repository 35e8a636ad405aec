import { ApplicationFailure } from '@temporalio/common';
import { objectKeys } from '../../contracts/artifact.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { PipelineActivities, PlanEdit } from '../../workflows/activity-types.js';
import { editPlan } from '../../workflows/core/edit-plan.js';
import { RecipeError } from '../../workflows/core/recipe-error.js';
import { editOfPlan, isSweep, type PlanStore } from './plan-store.js';
import { walkRun } from './plan-walk.js';
import { runStatus } from './run-status.js';
import { usedBy } from './usage.js';

/** Stages that one `advance` names at most, so that its result stays far below 8 KiB; the next call names the rest. */
const READY_AT_ONCE = 16;
/** Done stages that are named, for the Temporal UI. */
const DONE_NAMED = 24;

/** The pipeline's local activities over the record store. */
export function createPipelineActivities(deps: { artifacts: ArtifactStore; objects: ObjectStore; plans: PlanStore }): PipelineActivities {
  const { artifacts, objects, plans } = deps;
  return {
    async advance({ run, plan: digest, held, limit, review }) {
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
    async editPlan({ plan: digest, edit }) {
      try {
        return await applyEdit(plans, digest, edit);
      } catch (error) {
        if (error instanceof RecipeError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidSpec');
        throw error;
      }
    },
    async fileRun(live) {
      const status = await runStatus(live, { plans, artifacts });
      await objects.put(objectKeys.run(live.run), JSON.stringify(status), { contentType: 'application/json' });
    },
  };
}

/** Edits a recipe's plan, or in a sweep the plans of the variants that the edit's labels name. */
async function applyEdit(plans: PlanStore, digest: string, edit: PlanEdit): Promise<string> {
  const whole = await plans.read(digest);
  if (!isSweep(whole)) return plans.file(editPlan(whole, edit, STAGE_KINDS));
  const variants = [];
  for (const variant of whole.variants) {
    const plan = await plans.load(variant.plan);
    const own = editOfPlan(edit, { variant: variant.name, plan });
    variants.push(own === null ? variant : { ...variant, plan: await plans.file(editPlan(plan, own, STAGE_KINDS)) });
  }
  return plans.file({ ...whole, variants });
}
