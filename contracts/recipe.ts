import { z } from 'zod';

const StageId = z.string().regex(/^[a-z][a-z0-9-]*$/, 'a stage is named in lower case with hyphens');

/** A stage's entry: where it comes from and what it reads. Every key that is not one of these is a parameter of its kind. */
export const RecipeStage = z
  .object({
    /** The kind of stage; the stage's own name by default. */
    kind: z.string().optional(),
    enabled: z.boolean().default(true),
    /** Port -> `data`, `model` or `stage.output`, where it differs from the kind's own default. */
    inputs: z.record(z.string(), z.string()).default({}),
  })
  .catchall(z.unknown());
export type RecipeStage = z.infer<typeof RecipeStage>;

/** What a run may use and spend. None of it is ever part of a key. */
export const RuntimeSettings = z.strictObject({
  /** Processes of a training job, one a GPU; on CPU always 1. */
  gpus: z.int().positive().default(1),
  /** Rows or completions that a process computes at once. */
  deviceBatch: z
    .strictObject({ sft: z.int().positive().default(2), grpo: z.int().positive().default(8), infer: z.int().positive().default(8) })
    .prefault({}),
  checkpointEverySteps: z.int().positive().default(50),
  teacherConcurrency: z.int().positive().default(8),
  /** A stage on a GPU gives its place, after a checkpoint, to a more urgent class of runs, and goes on afterwards. */
  preemptible: z.boolean().default(false),
});
export type RuntimeSettings = z.infer<typeof RuntimeSettings>;

/** A recipe file (YAML). Paths in it are relative to the file. */
export const Recipe = z.strictObject({
  schema: z.literal(1),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'lower case letters, digits and hyphens')
    .optional(),
  /** `tiny`, a hub name (`Qwen/Qwen2.5-VL-7B-Instruct`), or a local directory. */
  model: z.string().min(1),
  /** A hub model's revision: a commit hash, so that the model cannot change below a key. */
  modelRevision: z.string().optional(),
  data: z.strictObject({ root: z.string().min(1), profile: z.enum(['mmad']).default('mmad') }),
  teacher: z
    .strictObject({
      /** `rehearsal` asks our own rehearsal teacher; any other name goes to the endpoint. */
      model: z.string().min(1).default('rehearsal'),
      /** An OpenAI-compatible endpoint; OPENAI_BASE_URL or OpenAI itself by default. */
      baseUrl: z.url().optional(),
      /** Prices, USD per million tokens, for the cost shown. Unknown prices are shown as unknown, never as zero. */
      usdPerMillionInput: z.number().nonnegative().optional(),
      usdPerMillionOutput: z.number().nonnegative().optional(),
    })
    .prefault({}),
  seed: z.int().nonnegative().default(0),
  runtime: RuntimeSettings.prefault({}),
  stages: z
    .record(
      StageId,
      RecipeStage.nullable().transform((stage) => stage ?? RecipeStage.parse({})),
    )
    .refine((s) => Object.keys(s).length > 0, 'a recipe needs at least one stage'),
});
export type Recipe = z.infer<typeof Recipe>;
