import { z } from 'zod';
import { FAILURE_TYPES } from './constants.js';

export const FailureType = z.enum(FAILURE_TYPES);
export type FailureType = z.infer<typeof FailureType>;

/**
 * The two that mean "the same call may succeed later". `Preempted` is no failure to a person: the stage asks for its place again
 * and goes on from its checkpoint. Every other one waits for a decision.
 */
export const RETRYABLE_FAILURES: ReadonlySet<FailureType> = new Set<FailureType>(['StalledTraining', 'Transient']);

/** What is known of a failure. `message` says what failed, with coordinates, expected and got; `remedy` says what to do. */
export const Failure = z.strictObject({
  type: FailureType,
  message: z.string(),
  remedy: z.string().optional(),
  /** The last lines of the process's log, 2 KiB at most; the whole log is under `logRef`. */
  logTail: z.string().max(2048).optional(),
  logRef: z.string().optional(),
});
export type Failure = z.infer<typeof Failure>;

/** The error that adapters and activities throw when they already know its type. Classified once, by `toStageFailure`. */
export class StageError extends Error {
  override readonly name = 'StageError';
  constructor(
    readonly failure: Failure,
    readonly options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(failure.message, { cause: options.cause });
  }
}
