import type { Digest } from '../../contracts/artifact.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { Plan, SweepPlan } from '../../contracts/plan.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { PlanEdit } from '../../workflows/activity-types.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { digestOf } from '../../workflows/core/stage-key.js';

/** One of the plans that a run follows; `variant` is null unless it is a sweep. */
export interface RunPlan {
  readonly variant: string | null;
  readonly digest: Digest;
  readonly plan: Plan;
}

/** How a stage is named in its run: `grpo`, in a sweep `variant/grpo`. */
export const stageLabel = (variant: string | null, id: string): string => (variant === null ? id : `${variant}/${id}`);

/** The stage that a label names, and its variant; null where the run is no sweep. No variant's name holds a slash. */
export function splitLabel(label: string): { variant: string | null; id: string } {
  const slash = label.indexOf('/');
  return slash < 0 ? { variant: null, id: label } : { variant: label.slice(0, slash), id: label.slice(slash + 1) };
}

/** The part of an edit that one of a run's plans takes, its labels as stage ids; null when the edit does not touch that plan. */
export function editOfPlan(edit: PlanEdit, { variant, plan }: Pick<RunPlan, 'variant' | 'plan'>): PlanEdit | null {
  const own = (labels: readonly string[]) => plan.stages.map(({ id }) => id).filter((id) => labels.includes(stageLabel(variant, id)));
  const [stages, force] = [own(edit.stages), own(edit.force)];
  return stages.length + force.length === 0 ? null : { ...edit, stages, force, patch: stages.length > 0 ? edit.patch : [] };
}

/** Plans by digest. They never change, so a process reads each once. */
export function createPlanStore(objects: ObjectStore) {
  const known = new Map<Digest, Plan | SweepPlan>();
  const read = async (digest: Digest): Promise<Plan | SweepPlan> => {
    const filed = known.get(digest);
    if (filed !== undefined) return filed;
    const bytes = await objects.get(objectKeys.plan(digest));
    if (bytes === null) {
      throw new StageError({
        type: 'ArtifactMissing',
        message: `plan ${digest} is not in ${objects.description}`,
        remedy: 'Is this the bucket that the run was started with?',
      });
    }
    const json = parseJson(bytes);
    if (json === undefined || digestOf(json) !== digest) {
      throw new StageError({
        type: 'DigestMismatch',
        message: `plan ${objectKeys.plan(digest)} in ${objects.description} is not what its name says: it was edited or damaged`,
        remedy: 'Put the object back as it was; or delete it and run the recipe again: what is done stays done.',
      });
    }
    const loaded = isSweep(json) ? SweepPlan.parse(json) : Plan.parse(json);
    known.set(digest, loaded);
    return loaded;
  };
  return {
    async file(plan: Plan | SweepPlan): Promise<Digest> {
      const digest = digestOf(plan);
      if (known.has(digest)) return digest;
      await objects.put(objectKeys.plan(digest), canonicalJson(plan), { ifAbsent: true, contentType: 'application/json' });
      known.set(digest, plan);
      return digest;
    },
    /** One recipe's plan. */
    async load(digest: Digest): Promise<Plan> {
      const plan = await read(digest);
      if (isSweep(plan)) throw new StageError({ type: 'InvalidSpec', message: `${digest} is the plan of a sweep, not of one recipe` });
      return plan;
    },
    read,
    /** Files a recipe's plan changed, or a sweep's with its variants' plans changed; the digest of what is now there. */
    async change(digest: Digest, change: (of: Pick<RunPlan, 'variant' | 'plan'>) => Plan): Promise<Digest> {
      const whole = await read(digest);
      if (!isSweep(whole)) return this.file(change({ variant: null, plan: whole }));
      const variants: SweepPlan['variants'] = [];
      for (const variant of whole.variants) {
        const plan = await this.load(variant.plan);
        const changed = change({ variant: variant.name, plan });
        variants.push(changed === plan ? variant : { ...variant, plan: await this.file(changed) });
      }
      return this.file({ ...whole, variants });
    },
    /** Every plan that a run of this digest follows. */
    async loadAll(digest: Digest): Promise<RunPlan[]> {
      const plan = await read(digest);
      if (!isSweep(plan)) return [{ variant: null, digest, plan }];
      return Promise.all(
        plan.variants.map(async (variant) => ({ variant: variant.name, digest: variant.plan, plan: await this.load(variant.plan) })),
      );
    },
  };
}
export type PlanStore = ReturnType<typeof createPlanStore>;

/** Whether this is the plan of a sweep. */
export const isSweep = (plan: unknown): plan is SweepPlan => plan !== null && typeof plan === 'object' && 'variants' in plan;

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
