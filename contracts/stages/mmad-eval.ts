import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { gridParams, runParams } from './teacher-params.js';

/** What an inference job reads. Decoding is greedy. */
export const InferenceParams = z.strictObject({
  imageSize: z.int().positive().default(512),
  maxNewTokens: z.int().positive().default(1024),
});
export type InferenceParams = z.infer<typeof InferenceParams>;

export const MmadEvalParams = z.strictObject({
  ...runParams,
  ...gridParams,
  ...InferenceParams.shape,
  /** `mmad`: template first, direct letter (SPEC 7). `judo_eval`: query first, shuffled options, tags (SPEC 4). */
  promptProfile: z.enum(['mmad', 'judo_eval']).default('judo_eval'),
  /** `mmad_compat` drops an unreadable answer and the row after it, as the published scorer does (SPEC 7). */
  scoreProfile: z.enum(['strict', 'mmad_compat']).default('strict'),
  shots: z.int().min(0).max(8).default(1),
  templates: z.enum(['random', 'similar']).default('random'),
  /** Give the class's snippets in the prompt (RAG). */
  domainKnowledge: z.boolean().default(false),
  /** Evaluate only this many images (a seeded sample over classes and defects); null = all. */
  limitImages: z.int().positive().nullable().default(null),
});
export type MmadEvalParams = z.infer<typeof MmadEvalParams>;

/** MMAD evaluation of one policy. Output `answers`: `answers.jsonl` (ScoredAnswer), `scores.json`. */
export const mmadEval: StageKind = {
  kind: 'mmad-eval',
  title: 'MMAD evaluation: ask, read the letters, score',
  implementationVersion: 1,
  params: MmadEvalParams,
  queue: 'gpu',
  activity: 'evaluateMmad',
  inputs: { data: { from: 'data' }, policy: { from: 'grpo.policy' } },
  outputs: ['answers'],
};
