import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/common';
import type { Failure, FailureType } from '../../contracts/failure.js';
import { FAILURE_TYPES } from '../../contracts/constants.js';

/** Reads the classified failure back out of Temporal's wrapping; null when the work was cancelled. What is not classified is a time-out or a defect of ours. */
export function failureOf(error: unknown): Failure | null {
  let cause = error;
  while ((cause instanceof ChildWorkflowFailure || cause instanceof ActivityFailure) && cause.cause !== undefined) cause = cause.cause;
  if (cause instanceof CancelledFailure) return null;
  if (cause instanceof ApplicationFailure) {
    const classified: unknown = cause.details?.[0];
    if (isFailure(classified)) return classified;
  }
  if (cause instanceof TimeoutFailure) {
    return {
      type: 'Transient',
      message: `no worker answered in time (${cause.timeoutType})`,
      remedy: 'See that a worker polls this queue (judo doctor), then retry the stage.',
    };
  }
  const type = cause instanceof ApplicationFailure && isFailureType(cause.type) ? cause.type : 'Transient';
  return { type, message: cause instanceof Error ? cause.message : String(cause) };
}

const isFailureType = (type: unknown): type is FailureType => (FAILURE_TYPES as readonly unknown[]).includes(type);

/** Whether this is what `toStageFailure` put there. Checked by hand: zod in every stage's workflow costs more than the rest of it. */
function isFailure(value: unknown): value is Failure {
  if (value === null || typeof value !== 'object') return false;
  const { type, message } = value as Partial<Record<keyof Failure, unknown>>;
  return isFailureType(type) && typeof message === 'string';
}
