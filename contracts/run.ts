import { z } from 'zod';
import { Digest } from './artifact.js';
import { Failure } from './failure.js';
import { QUEUES } from './stages/stage-kind.js';

/** What a run may use before it pauses. None of it is ever part of a key. */
export const RunLimits = z.strictObject({
  /** Stages in flight at once. */
  parallel: z.int().positive().optional(),
  /** GPU hours of the stages that this run executed. */
  gpuHours: z.number().positive().optional(),
  /** Dollars that its teacher calls cost. */
  usd: z.number().positive().optional(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** On what terms a run goes on, as they are now: what a restart of it takes over. A record of before they were filed has none. */
export const RunTerms = z.strictObject({
  limits: RunLimits.default({}),
  /** false: the first blocked stage pauses the run. */
  keepGoing: z.boolean().default(true),
});
export type RunTerms = z.infer<typeof RunTerms>;

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

/** A stage as the pipeline knows it: enough to start it, and to show it. In a sweep `stage` is `variant/stage`. */
export const StageHeading = z.strictObject({
  stage: z.string(),
  kind: z.string(),
  title: z.string(),
  queue: z.enum(QUEUES),
  activity: z.string(),
});
export type StageHeading = z.infer<typeof StageHeading>;

/** A stage that can start now. `id` and `plan` say where its parameters are. */
export const ReadyStage = StageHeading.extend({ id: z.string(), key: Digest, plan: Digest });
export type ReadyStage = z.infer<typeof ReadyStage>;

/** What `advance` tells the pipeline: the record store is the state, the workflow holds only what is in flight. */
export const Advance = z.strictObject({
  /** Stages to start now, each key once. */
  ready: z.array(ReadyStage),
  /** Keys among those asked about that the plan no longer needs. */
  obsolete: z.array(Digest),
  done: z.int().nonnegative(),
  total: z.int().nonnegative(),
  /** The first done stages, as many as people can read. */
  doneStages: z.array(z.string()),
  /** What this run has used so far. */
  gpuHours: z.number().nonnegative(),
  usd: z.number().nonnegative(),
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
  /** The host on which the last attempt failed: where there are others, one of them takes the next. */
  failedOn: z.string().optional(),
  /** How often that host has left the stage to others since. */
  left: z.int().optional(),
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

/** A stage that the workflow has in its hands. Everything else about a run is in the record store. */
export const LiveStage = z.strictObject({
  ...ReadyStage.pick({ stage: true, id: true, kind: true, key: true, plan: true }).shape,
  state: z.enum(['running', 'blocked', 'failed']),
  attempts: z.int().nonnegative(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  failure: Failure.nullable(),
});
export type LiveStage = z.infer<typeof LiveStage>;

/** A change of one parameter. `path`: `learningRate`, or with its stage `grpo.rewardWeights.domain`. */
export const ParamPatch = z.strictObject({ path: z.string().min(1), value: z.unknown() });
export type ParamPatch = z.infer<typeof ParamPatch>;

/** Who did what to a run, when and why. `limits`: the run itself, at one of its limits. */
export const Decision = z.strictObject({
  at: z.iso.datetime(),
  by: z.string(),
  action: z.enum(['retry', 'abort', 'pause', 'resume', 'amend', 'cancel']),
  stages: z.array(z.string()),
  patch: z.array(ParamPatch),
  force: z.array(z.string()),
  reason: z.string().nullable(),
});
export type Decision = z.infer<typeof Decision>;

/** Answer of `runQuery`: what the workflow alone knows. Small whatever the plan's size. */
export const RunLive = z.strictObject({
  run: z.string(),
  plan: Digest,
  planName: z.string(),
  state: RunState,
  paused: z.boolean(),
  ...RunTerms.shape,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  live: z.array(LiveStage),
  decisions: z.array(Decision),
  /** Why the record store cannot be asked: the run is blocked until it can, and starts nothing. */
  lost: z.string().optional(),
});
export type RunLive = z.infer<typeof RunLive>;

/** Input of the `pipeline` workflow. The plan itself is filed in the store: history holds references. */
export const PipelineInput = z.strictObject({
  run: z.string(),
  plan: Digest,
  planName: z.string(),
  limits: RunLimits.optional(),
  /** false: the first blocked stage pauses the run. */
  keepGoing: z.boolean().optional(),
  /** Continue as new after so many events; far below Temporal's own limit. */
  continueAfterEvents: z.int().positive().optional(),
  /** What the execution before this one had in its hands. */
  carried: RunLive.optional(),
});
export type PipelineInput = z.infer<typeof PipelineInput>;

/** A run, stage by stage: its record, filed when it changes, so that a run outlives Temporal's retention. */
export const RunStatus = z.strictObject({
  schemaVersion: z.literal(1),
  run: z.string(),
  plan: Digest,
  planName: z.string(),
  state: RunState,
  paused: z.boolean().default(false),
  ...RunTerms.shape,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  stages: z.array(StageStatus),
  decisions: z.array(Decision).default([]),
});
export type RunStatus = z.infer<typeof RunStatus>;
