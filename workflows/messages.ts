import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Failure } from '../contracts/failure.js';
import type { RunStatus, StageResult } from '../contracts/run.js';

/** State of a run, stage by stage. */
export const runStatusQuery = defineQuery<RunStatus>('runStatus');

/** A person's decision on a blocked stage: try it again as it is, or give it up (what depends on it is skipped). */
export const resolveStageUpdate = defineUpdate<void, [{ stage: string; action: 'retry' | 'abort'; reason?: string }]>('resolveStage');

/** To a stage: this workflow waits for you too, and wants to be told the end by `stageSettledSignal`. */
export const joinStageSignal = defineSignal<[{ waiter: string }]>('joinStage');

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
