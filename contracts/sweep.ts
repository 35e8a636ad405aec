import { z } from 'zod';
import { RunLimits } from './run.js';

/** Dotted keys of the recipe and their values, as `judo run -s` takes them: `{grpo.beta: 0.02, seg-jux.enabled: false}`. */
export const RecipeSettings = z.record(z.string().min(1), z.json());
export type RecipeSettings = z.infer<typeof RecipeSettings>;

/** Part of a stage's label (`variant/stage`) and of what people type. */
const VariantName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'a variant is named with letters, digits and . _ + -, a letter or digit first, 64 at most');

/** A variant of the recipe, by name. */
export const NamedVariant = z.strictObject({ name: VariantName, set: RecipeSettings.default({}) });
export type NamedVariant = z.infer<typeof NamedVariant>;

/** A sweep file (YAML): one recipe in many variants. Paths in it are relative to the file. */
export const SweepFile = z.strictObject({
  schema: z.literal(1),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'lower case letters, digits and hyphens')
    .max(60)
    .optional(),
  /** The recipe file that every variant starts from. */
  recipe: z.string().min(1),
  /** Set in every variant, before its own. */
  set: RecipeSettings.default({}),
  variants: z.array(NamedVariant).default([]),
  /** Dotted key -> values: their product with the variants, the last axis fastest. The axis `seed` repeats a variant. */
  grid: z
    .record(z.string().min(1), z.array(z.json()).min(1, 'an axis needs at least one value, as in [0, 1]: this grid is empty'))
    .default({}),
  /** Points left out: those that have the variant and every value named. */
  exclude: z.array(z.object({ variant: z.string().optional() }).catchall(z.json())).default([]),
  limits: RunLimits.prefault({}),
  /** false: the first blocked stage pauses the whole sweep. */
  keepGoing: z.boolean().default(true),
  /** `stage.figure` that the results table is sorted by: a figure of the stage's summary. The mean accuracy of `mmad-eval` by default. */
  metric: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[A-Za-z][\w-]*$/, 'expected stage.figure, for instance mmad-eval.average')
    .optional(),
  best: z.enum(['highest', 'lowest']).default('highest'),
});
export type SweepFile = z.infer<typeof SweepFile>;
