import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/common';
import { Failure, type FailureType, FailureType as FailureTypes } from '../../contracts/failure.js';

/** Reads the classified failure back out of Temporal's wrapping; null when the work was cancelled. What is not classified is a time-out or a defect of ours. */
export function failureOf(error: unknown): Failure | null {
  let cause = error;
  while ((cause instanceof ChildWorkflowFailure || cause instanceof ActivityFailure) && cause.cause !== undefined) cause = cause.cause;
  if (cause instanceof CancelledFailure) return null;
  if (cause instanceof ApplicationFailure) {
    const parsed = Failure.safeParse(cause.details?.[0]);
    if (parsed.success) return parsed.data;
  }
  if (cause instanceof TimeoutFailure) {
    return {
      type: 'Transient',
      message: `no worker answered in time (${cause.timeoutType})`,
      remedy: 'See that a worker polls this queue (judo doctor), then retry the stage.',
    };
  }
  const type: FailureType =
    cause instanceof ApplicationFailure && FailureTypes.safeParse(cause.type).success ? (cause.type as FailureType) : 'Transient';
  return { type, message: cause instanceof Error ? cause.message : String(cause) };
}
