import type { JobEvent } from '../job.js';

export interface RunJobOptions {
  /** Absolute path of the job file. */
  readonly jobFile: string;
  /** File whose existence asks the process to write a checkpoint and end. */
  readonly stopFile: string;
  /** stdout lines that are no events, and all of stderr, are appended here. */
  readonly logFile: string;
  /** GPU ids to use (`CUDA_VISIBLE_DEVICES`); empty = CPU, one process. */
  readonly gpus: readonly string[];
  /** No event for this long: the process group is killed and the job fails with StalledTraining. */
  readonly stallAfterMs: number;
  /** After the stop file: how long the process may take to checkpoint before SIGTERM, then SIGKILL. */
  readonly stopGraceMs: number;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: JobEvent) => void | Promise<void>;
}

/** Runs one GPU job as a child process group. Resolves when the job finished; throws a `StageError` of the closed set otherwise; an aborted signal resolves as `stopped` once the child is gone. */
export interface JobRunner {
  run(options: RunJobOptions): Promise<{ outcome: 'finished' | 'stopped' }>;
}
