import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { RETRYABLE_FAILURES, StageError, type Failure } from '../../contracts/failure.js';

const TAIL_BYTES = 2048;

/** Network and file-system errors that pass by themselves. Everything else that we did not foresee is retried a few times too: see `maximumAttempts`. */
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Classifies any error once, at the activity's edge, into the closed set. Cancellation passes through untouched. */
export function toStageFailure(error: unknown, where: { stage: string }): Error {
  if (error instanceof CancelledFailure) return error;
  if (error instanceof Error && error.name === 'AbortError') return new CancelledFailure('cancelled');
  const failure = classify(error);
  return ApplicationFailure.create({
    message: `${where.stage}: ${failure.message}`,
    type: failure.type,
    nonRetryable: !RETRYABLE_FAILURES.has(failure.type),
    details: [failure],
    ...(error instanceof StageError && error.options.retryAfterMs !== undefined ? { nextRetryDelay: error.options.retryAfterMs } : {}),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

function classify(error: unknown): Failure {
  if (error instanceof StageError) {
    const { logTail, ...rest } = error.failure;
    return logTail === undefined ? rest : { ...rest, logTail: logTail.slice(-TAIL_BYTES) };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (DISK_FULL.has(code))
    return {
      type: 'Transient',
      message: `the disk is full: ${message}`,
      remedy: 'Free space (judo doctor shows which disk); the stage goes on by itself.',
    };
  return { type: 'Transient', message: `${error instanceof Error ? error.name : 'error'}: ${message}`.slice(0, 3000) };
}
