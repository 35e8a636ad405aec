import { z } from 'zod';
import { GrpoParams } from './stages/grpo.js';
import { SftParams } from './stages/sft.js';
import { InferenceParams } from './stages/mmad-eval.js';
import { Failure } from './failure.js';

const paths = {
  schemaVersion: z.literal(1),
  /** Directory of the policy: weights, or a `model-ref.json` that names the tiny or a hub model. */
  policy: z.string(),
  /** Directory that the rows' image paths are relative to. */
  images: z.string(),
  /** Where the result goes; the directory exists and is empty. */
  output: z.string(),
  /** Ask for a checkpoint and an orderly end by creating this file. */
  stopFile: z.string(),
  seed: z.int().nonnegative(),
  device: z.enum(['cuda', 'cpu']),
};

const training = {
  ...paths,
  /** Directory that holds `rows.jsonl`. */
  rows: z.string(),
  /** Directory of checkpoints: `<step>/` with `manifest.json` written last. */
  checkpoints: z.string(),
  /** A committed checkpoint directory to go on from. */
  resumeFrom: z.string().nullable(),
  /** Write a checkpoint every so many optimizer steps. */
  checkpointEverySteps: z.int().positive(),
  /** Processes in the job (torchrun), for the split of a step's batch. */
  worldSize: z.int().positive(),
  /** Rows (SFT) or completions (GRPO) a process computes at once; never changes what is learned. */
  deviceBatch: z.int().positive(),
};

/** What the GPU host writes and `python -m judo_gpu run JOB` reads. The one contract between TypeScript and Python. */
export const Job = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('sft'), ...training, params: SftParams }),
  z.strictObject({ task: z.literal('grpo'), ...training, params: GrpoParams }),
  z.strictObject({
    task: z.literal('infer'),
    ...paths,
    /** File of InferenceRequest lines. */
    requests: z.string(),
    deviceBatch: z.int().positive(),
    /** Answers a file; each file is renamed into place when whole. */
    shardSize: z.int().positive(),
    params: InferenceParams,
  }),
]);
export type Job = z.infer<typeof Job>;

/** A line of the job's stdout. Lines that are not one of these are log. */
export const JobEvent = z.discriminatedUnion('event', [
  /** Something long and silent begins: `loading model`, `saving`. Counts as life. */
  z.strictObject({ event: z.literal('phase'), phase: z.string() }),
  z.strictObject({
    event: z.literal('started'),
    totalSteps: z.int().nonnegative(),
    resumedAtStep: z.int().nonnegative(),
    environment: z.record(z.string(), z.string()),
  }),
  z.strictObject({
    event: z.literal('step'),
    step: z.int().nonnegative(),
    totalSteps: z.int().nonnegative(),
    metrics: z.record(z.string(), z.number()),
  }),
  /** A checkpoint is committed: its manifest is written. `directory` is absolute. */
  z.strictObject({ event: z.literal('checkpoint'), step: z.int().nonnegative(), directory: z.string() }),
  /** A shard of answers is whole: `file` is absolute. */
  z.strictObject({ event: z.literal('answers'), file: z.string(), done: z.int().nonnegative(), total: z.int().nonnegative() }),
  z.strictObject({ event: z.literal('finished'), step: z.int().nonnegative(), metrics: z.record(z.string(), z.number()) }),
  /** A checkpoint was written on request; the process ends with `EXIT.stopped`. */
  z.strictObject({ event: z.literal('stopped'), step: z.int().nonnegative() }),
  z.strictObject({ event: z.literal('failed'), failure: Failure }),
]);
export type JobEvent = z.infer<typeof JobEvent>;

/** Exit codes of the GPU worker (sysexits.h numbers where one fits). */
export const JOB_EXIT = {
  finished: 0,
  invalidSpec: 64,
  datasetCorrupt: 65,
  internal: 70,
  outOfGpuMemory: 71,
  trainingDiverged: 72,
  checkpointIncompatible: 73,
  transient: 75,
  stopped: 76,
} as const;
