import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { runParams } from './teacher-params.js';

/** Reward profiles name whose rules decide where the sources disagree (SPEC 4, 5, 6, 8). */
export const RewardProfile = z.enum(['judo_code', 'judo_paper', 'strict', 'anomalyr1_code', 'iad_r1_code']);

/** GRPO with JUDO's rewards. Defaults are JUDO Stage 3's (SPEC 4). */
export const GrpoParams = z.strictObject({
  ...runParams,
  imageSize: z.int().positive().default(512),
  epochs: z.number().positive().default(14),
  learningRate: z.number().positive().default(7e-7),
  generations: z.int().min(2).default(16),
  promptsPerStep: z.int().positive().default(8),
  beta: z.number().min(0).default(0.04),
  epsilon: z.number().positive().default(0.2),
  temperature: z.number().positive().default(0.8),
  topP: z.number().positive().max(1).default(0.95),
  maxNewTokens: z.int().positive().default(256),
  maxSteps: z.int().positive().nullable().default(null),
  scheduler: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  maxGradNorm: z.number().positive().default(1),
  rewardProfile: RewardProfile.default('judo_code'),
  /** Weight of each reward in the sum; 0 leaves it out. The published program sums them unweighted. */
  rewardWeights: z
    .strictObject({
      choice: z.number().min(0).default(1),
      format: z.number().min(0).default(1),
      structure: z.number().min(0).default(1),
      segmentation: z.number().min(0).default(1),
      domain: z.number().min(0).default(1),
    })
    .prefault({}),
});
export type GrpoParams = z.infer<typeof GrpoParams>;

export const grpo: StageKind = {
  kind: 'grpo',
  title: 'Stage 3 GRPO with domain, segmentation, choice, format and structure rewards',
  implementationVersion: 1,
  params: GrpoParams,
  queue: 'gpu',
  activity: 'trainStage',
  trainer: 'grpo',
  inputs: { data: { from: 'data' }, rows: { from: 'golden-reasoning.rows' }, policy: { from: 'dom-inj.policy' } },
  outputs: ['policy', 'metrics'],
  passThrough: { output: 'policy', input: 'policy' },
};
