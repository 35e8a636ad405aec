import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Failure } from '../contracts/failure.js';
import type { ParamPatch, RunLimits, RunLive, StageResult } from '../contracts/run.js';

/** What the run's workflow alone knows; `runStatus` (activities/stage/run-status.ts) adds what the records say. */
export const runQuery = defineQuery<RunLive>('run');

/** Who decides, and why: kept in the run's record. */
export interface Signature {
  readonly by: string;
  readonly reason: string | null;
}

/**
 * A decision on blocked stages (`null`: every one): try them again, as they are or with changed parameters or with other stages
 * forced to run again, or give them up (what depends on them is skipped).
 */
export interface ResolveOrder extends Signature {
  readonly stages: readonly string[] | null;
  readonly action: 'retry' | 'abort';
  readonly patch: readonly ParamPatch[];
  readonly force: readonly string[];
}
export const resolveStageUpdate = defineUpdate<{ stages: string[] }, [ResolveOrder]>('resolveStage');

/** Start no further stage (what runs goes on), or go on, with other limits where given. */
export interface PauseOrder extends Signature {
  readonly paused: boolean;
  readonly limits?: RunLimits;
}
export const pauseRunUpdate = defineUpdate<void, [PauseOrder]>('pauseRun');

/** Replace the plan (a variant added, a variant dropped). Refused when the run no longer has the plan `from`. */
export interface AmendOrder extends Signature {
  readonly from: string;
  readonly plan: string;
}
export const amendPlanUpdate = defineUpdate<void, [AmendOrder]>('amendPlan');

/**
 * To a stage: this workflow waits for you too, and wants to be told the end by `stageSettledSignal`. Where it is more urgent than
 * who asked before (`priorityKey`, Temporal's: lower is more urgent), the stage becomes as urgent.
 */
export const joinStageSignal = defineSignal<[{ waiter: string; priorityKey?: number }]>('joinStage');

/** To a stage: this workflow no longer waits. When nobody does, the stage is cancelled (a trainer writes its checkpoint). */
export const leaveStageSignal = defineSignal<[{ waiter: string }]>('leaveStage');

export type StageSettled = { readonly key: string } & (
  { readonly result: StageResult } | { readonly failure: Failure } | { readonly cancelled: true }
);

/** To a waiter that joined: how the stage ended. */
export const stageSettledSignal = defineSignal<[StageSettled]>('stageSettled');

/** The id of the one workflow that makes what this key names. */
export const stageWorkflowId = (key: string): string => `stage/${key}`;
/** The id of a run's workflow. */
export const runWorkflowId = (run: string): string => `run/${run}`;
