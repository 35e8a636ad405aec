import type { Client, ScheduleDescription } from '@temporalio/client';
import { scheduleId } from './nightly-store.js';

/** What Temporal knows of a nightly's schedule. */
export interface ScheduleView {
  readonly paused: boolean;
  readonly note: string | null;
  /** When the nights were due that it started last. */
  readonly fired: readonly number[];
  /** Since it was made: firings it gave up because the catch-up window was over, and because the night before still ran. */
  readonly counted: { readonly missed: number; readonly skipped: number };
  /** Firings that wait for the night before. */
  readonly waiting: number;
  readonly next: readonly Date[];
}

/** Asks for a nightly's schedule; null when there is none. */
export async function viewSchedule(client: Client, name: string): Promise<ScheduleView | null> {
  const description = await client.schedule
    .getHandle(scheduleId(name))
    .describe()
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === 'ScheduleNotFoundError') return null;
      throw error;
    });
  return description === null ? null : viewOf(description);
}

function viewOf({ state, info, raw }: ScheduleDescription): ScheduleView {
  return {
    paused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    // The server appends the time at which a night was due, without jitter, to its workflow's id.
    fired: info.recentActions.map(({ action }) => Date.parse(action.workflow.workflowId.slice(-'2026-01-01T00:00:00Z'.length))),
    counted: { missed: info.numActionsMissedCatchupWindow, skipped: info.numActionsSkippedOverlap },
    waiting: Number(raw.info?.bufferSize ?? 0),
    next: info.nextActionTimes,
  };
}
