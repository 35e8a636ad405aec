import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { runParams } from './teacher-params.js';

/** Supervised fine-tuning with the loss on the answer only. Defaults are JUDO Stage 1's. */
export const SftParams = z.strictObject({
  ...runParams,
  /** Pixels a side: images are resized without keeping the aspect ratio (SPEC 4). */
  imageSize: z.int().positive().default(512),
  epochs: z.number().positive().default(8),
  learningRate: z.number().positive().default(1e-6),
  /** Rows an optimizer step, over all processes. */
  batchSize: z.int().positive().default(16),
  /** Stop after so many steps, whatever the epochs say; null = the epochs decide. */
  maxSteps: z.int().positive().nullable().default(null),
  warmupRatio: z.number().min(0).max(1).default(0),
  weightDecay: z.number().min(0).default(0),
  scheduler: z.enum(['linear', 'cosine', 'constant']).default('cosine'),
  maxGradNorm: z.number().positive().default(1),
});
export type SftParams = z.infer<typeof SftParams>;

const DomInjParams = SftParams.extend({
  epochs: SftParams.shape.epochs.removeDefault().default(2),
  learningRate: SftParams.shape.learningRate.removeDefault().default(5e-7),
});

const sftStage = {
  implementationVersion: 1,
  queue: 'gpu',
  activity: 'trainStage',
  trainer: 'sft',
  outputs: ['policy', 'metrics'],
  passThrough: { output: 'policy', input: 'policy' },
} as const;

/** JUDO Stage 1: 8 epochs, lr 1e-6. */
export const segJux: StageKind = {
  ...sftStage,
  kind: 'seg-jux',
  title: 'Stage 1 SFT: juxtaposed segmentation',
  params: SftParams,
  inputs: { data: { from: 'data' }, rows: { from: 'seg-jux-data.rows' }, policy: { from: 'model' } },
};

/** JUDO Stage 2: 2 epochs, lr 5e-7. */
export const domInj: StageKind = {
  ...sftStage,
  kind: 'dom-inj',
  title: 'Stage 2 SFT: domain-knowledge injection',
  params: DomInjParams,
  inputs: { data: { from: 'data' }, rows: { from: 'dom-inj-data.rows' }, policy: { from: 'seg-jux.policy' } },
};

/**
 * SFT on the golden reasonings, written in the answer's format, before GRPO. No stage of JUDO: its base model follows an
 * instruction, a tiny random one must be shown the format once. The tiny recipes have it.
 */
export const coldStart: StageKind = {
  ...sftStage,
  kind: 'cold-start',
  title: 'Cold start: the format of an answer (not of the paper)',
  params: DomInjParams,
  inputs: { data: { from: 'data' }, rows: { from: 'golden-reasoning.rows' }, policy: { from: 'dom-inj.policy' } },
};
