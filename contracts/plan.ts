import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.js';
import { Recipe, RuntimeSettings } from './recipe.js';
import { QUEUES } from './stages/stage-kind.js';

/** The base model. Its artifact is a tree: weights, or one file `model-ref.json` that is this object. */
export const ModelRef = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tiny'), seed: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('hub'), name: z.string(), revision: z.string().nullable() }),
]);
export type ModelRef = z.infer<typeof ModelRef>;

/** Where a stage's input comes from: an earlier stage's output, or an artifact that is already there. */
export const InputSource = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('stage'), stage: z.string(), output: z.string() }),
  z.strictObject({ from: z.literal('artifact'), digest: Digest }),
]);
export type InputSource = z.infer<typeof InputSource>;

export const PlanStage = z.strictObject({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  implementationVersion: z.int().positive(),
  queue: z.enum(QUEUES),
  activity: z.string(),
  /** The resolved slice: every parameter the stage reads, and no other. */
  params: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), InputSource),
  outputs: z.array(z.string()),
  /** Set by `--force`: a nonce that makes the key new. */
  force: z.string().optional(),
});
export type PlanStage = z.infer<typeof PlanStage>;

/** A recipe, resolved: stages in topological order, with the sources' artifacts. Filed under its own digest. */
export const Plan = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  /** What a person types to get this plan again. */
  command: z.string(),
  sources: z.strictObject({
    data: z.strictObject({ artifact: ArtifactRef, root: z.string(), demoPlant: z.boolean() }),
    model: z.strictObject({ artifact: ArtifactRef, name: z.string(), tiny: z.boolean() }),
  }),
  teacher: Recipe.shape.teacher,
  runtime: RuntimeSettings,
  stages: z.array(PlanStage).min(1),
});
export type Plan = z.infer<typeof Plan>;

/** A sweep, resolved: one plan a variant. Equal stages need no merging: they have one key, and a key is executed once. */
export const SweepPlan = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  command: z.string(),
  /** What its results table is sorted by: a figure of a stage's summary. */
  metric: z.strictObject({ stage: z.string(), figure: z.string(), best: z.enum(['highest', 'lowest']) }).optional(),
  variants: z
    .array(
      z.strictObject({
        name: z.string(),
        /** What this variant sets, as the sweep's table shows it. */
        set: z.record(z.string(), z.unknown()),
        seed: z.int().nonnegative().nullable(),
        plan: Digest,
      }),
    )
    .min(1),
});
export type SweepPlan = z.infer<typeof SweepPlan>;
