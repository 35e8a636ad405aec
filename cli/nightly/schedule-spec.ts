import type { CalendarSpec, ScheduleSpec } from '@temporalio/client';
import { dateAt, oddDays } from '../../activities/nightly/due-times.js';
import type { NightTimes } from '../../contracts/nightly.js';
import { YEARS_AHEAD } from './read-times.js';

const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY'] as const),
  ...(['AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];

/**
 * The times as Temporal's schedule has them. It matches clocks literally and fires on no date whose clocks skip the time: for
 * those of the next years a calendar entry of their own has the moment that takes its place.
 */
export function scheduleSpec({ due, jitterMs }: NightTimes, from: number): ScheduleSpec {
  const jitter = jitterMs === 0 ? {} : { jitter: jitterMs };
  if (due.by === 'interval') return { intervals: [{ every: due.everyMs }], ...jitter };
  const { at, timezone } = due;
  const skipped = oddDays(at, timezone, from, YEARS_AHEAD).filter((day) => day.times === 0);
  return { calendars: [calendar(at), ...skipped.map((day) => calendar(day.shown, dateAt(day.at, timezone)))], timezone, ...jitter };
}

function calendar(clock: string, date?: string): CalendarSpec {
  const [hour, minute] = clock.split(':').map(Number);
  const time = { hour: hour!, minute: minute! };
  if (date === undefined) return time;
  const [year, month, day] = date.split('-').map(Number);
  return { ...time, year: year!, month: MONTHS[month! - 1]!, dayOfMonth: day!, comment: `clocks go forward over the due time on ${date}` };
}
