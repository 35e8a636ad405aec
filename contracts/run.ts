import { z } from 'zod';
import { Digest } from './artifact.js';
import { Failure } from './failure.js';
import { QUEUES } from './stages/stage-kind.js';

/** Input of the `pipeline` workflow. The plan itself is filed in the store: history holds references. */
export const PipelineInput = z.strictObject({ run: z.string(), plan: Digest, planName: z.string() });
export type PipelineInput = z.infer<typeof PipelineInput>;

/** What a stage's activity is told. It reads parameters from the plan and input digests from the records, and checks the key. */
export const StageTask = z.strictObject({
  key: Digest,
  stage: z.string(),
  kind: z.string(),
  plan: Digest,
  run: z.string(),
});
export type StageTask = z.infer<typeof StageTask>;

export const StageOutcome = z.enum(['ran', 'reused', 'skipped', 'failed', 'blocked', 'running', 'waiting']);
export type StageOutcome = z.infer<typeof StageOutcome>;

/** What a stage's activity returns. The outputs are in the record. */
export const StageResult = z.strictObject({ key: Digest, outcome: z.enum(['ran', 'reused']), attempts: z.int().nonnegative() });
export type StageResult = z.infer<typeof StageResult>;

/** A stage as the pipeline knows it: enough to start it, and to show it. */
export const StageHeading = z.strictObject({
  stage: z.string(),
  kind: z.string(),
  title: z.string(),
  queue: z.enum(QUEUES),
  activity: z.string(),
});
export type StageHeading = z.infer<typeof StageHeading>;

/** What `advance` tells the pipeline: the record store is the state, the workflow holds only what is in flight. */
export const Advance = z.strictObject({
  /** Stages whose record exists, in plan order. */
  done: z.array(z.strictObject({ stage: z.string(), key: Digest })),
  /** Stages to start now. */
  ready: z.array(z.strictObject({ stage: z.string(), key: Digest })),
});
export type Advance = z.infer<typeof Advance>;

/** Progress of a running stage: its activity's heartbeat details. */
export const StageProgress = z.strictObject({
  phase: z.string(),
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
  unit: z.string(),
  metrics: z.record(z.string(), z.number()),
  /** The last committed checkpoint's step. */
  checkpointStep: z.number().nullable(),
});
export type StageProgress = z.infer<typeof StageProgress>;

export const RunState = z.enum(['completed', 'failed', 'blocked', 'cancelled', 'running']);
export type RunState = z.infer<typeof RunState>;

export const StageStatus = z.strictObject({
  stage: z.string(),
  kind: z.string(),
  key: Digest.nullable(),
  outcome: StageOutcome,
  attempts: z.int().nonnegative(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  artifacts: z.record(z.string(), Digest),
  failure: Failure.nullable(),
});
export type StageStatus = z.infer<typeof StageStatus>;

/** Answer of `runStatusQuery`; also filed as the run's record, so that a run outlives Temporal's retention. */
export const RunStatus = z.strictObject({
  schemaVersion: z.literal(1),
  run: z.string(),
  plan: Digest,
  planName: z.string(),
  state: RunState,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  stages: z.array(StageStatus),
});
export type RunStatus = z.infer<typeof RunStatus>;
