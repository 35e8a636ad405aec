import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.js';
import { Failure } from './failure.js';

/** Input of the `pipeline` workflow. The plan itself is filed in the store: history holds references. */
export const PipelineInput = z.strictObject({ run: z.string(), plan: Digest, planName: z.string() });
export type PipelineInput = z.infer<typeof PipelineInput>;

/** What a stage's activity is told. */
export const StageTask = z.strictObject({
  key: Digest,
  stage: z.string(),
  kind: z.string(),
  plan: Digest,
  run: z.string(),
  inputs: z.record(z.string(), Digest),
});
export type StageTask = z.infer<typeof StageTask>;

export const StageOutcome = z.enum(['ran', 'reused', 'skipped', 'failed', 'blocked', 'running', 'waiting']);
export type StageOutcome = z.infer<typeof StageOutcome>;

/** What a stage's activity returns, and what the pipeline remembers of it. */
export const StageResult = z.strictObject({ key: Digest, outcome: z.enum(['ran', 'reused']), outputs: z.record(z.string(), ArtifactRef) });
export type StageResult = z.infer<typeof StageResult>;

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
