import type { NightTimes } from '../../contracts/nightly.js';

const DAY_MS = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** A moment as a clock of the time zone shows it, written as if it were UTC. */
function wallTime(at: number, timezone: string): number {
  let clock = clocks.get(timezone);
  if (clock === undefined) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
    clock = new Intl.DateTimeFormat('en-US', { timeZone: timezone, hourCycle: 'h23', calendar: 'gregory', ...parts });
    clocks.set(timezone, clock);
  }
  const part = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']);
}

/** How far a time zone's clocks are ahead of UTC at a moment. */
const offsetAt = (at: number, timezone: string): number => wallTime(at, timezone) - Math.floor(at / 1000) * 1000;

/** How a clock time came about on a date: once, not at all (clocks went forward over it), or twice (they went back). */
export type ClockDay = { readonly date: string; readonly at: number; readonly times: 0 | 1 | 2 };

/**
 * When a date's night is due: at the clock time; where clocks went forward over it, as much later as they went; where they went
 * back over it, the first time. One night a date, always.
 */
export function clockDay(date: string, clock: string, timezone: string): ClockDay {
  const wanted = Date.parse(`${date}T${clock}:00Z`);
  const [before, after] = [offsetAt(wanted - DAY_MS, timezone), offsetAt(wanted + DAY_MS, timezone)];
  const moments = [...new Set([wanted - before, wanted - after])].sort((a, b) => a - b).filter((at) => wallTime(at, timezone) === wanted);
  return { date, at: moments[0] ?? wanted - before, times: moments.length as 0 | 1 | 2 };
}

/** The date that the time zone's calendar shows. */
export const dateAt = (at: number, timezone: string): string => new Date(wallTime(at, timezone)).toISOString().slice(0, 10);
const clockAt = (at: number, timezone: string): string => new Date(wallTime(at, timezone)).toISOString().slice(11, 16);

/** Every date of the time zone's calendar from one moment to another. Not every 24 hours: a day of 23 would be stepped over. */
function datesOf(from: number, to: number, timezone: string): string[] {
  const [first, last] = [dateAt(from, timezone), dateAt(to, timezone)].map((date) => Date.parse(`${date}T00:00:00Z`)) as [number, number];
  return Array.from({ length: (last - first) / DAY_MS + 1 }, (_, n) => new Date(first + n * DAY_MS).toISOString().slice(0, 10));
}

/** Every moment at which a night is due, after `from` and up to `to`. */
export function dueTimes({ due }: NightTimes, from: number, to: number): number[] {
  if (due.by === 'interval') {
    const first = Math.floor(from / due.everyMs) + 1;
    const count = Math.max(0, Math.floor(to / due.everyMs) - first + 1);
    return Array.from({ length: count }, (_, n) => (first + n) * due.everyMs);
  }
  const { at, timezone } = due;
  const days = datesOf(from - 2 * DAY_MS, to + 2 * DAY_MS, timezone).map((date) => clockDay(date, at, timezone).at);
  return [...new Set(days)].filter((moment) => moment > from && moment <= to).sort((a, b) => a - b);
}

/** Whether a moment is the second time that its date's clock shows the due time (clocks went back over it). */
export function isSecondOfDate({ due }: NightTimes, at: number): boolean {
  if (due.by === 'interval') return false;
  const day = clockDay(dateAt(at, due.timezone), due.at, due.timezone);
  return day.times === 2 && at !== day.at && clockAt(at, due.timezone) === due.at;
}

/** The dates from `from` on, for so many years, whose clocks do not show the time exactly once. */
export function oddDays(clock: string, timezone: string, from: number, years: number): (ClockDay & { readonly shown: string })[] {
  return datesOf(from, from + years * 365.25 * DAY_MS, timezone)
    .map((date) => clockDay(date, clock, timezone))
    .filter(({ times }) => times !== 1)
    .map((day) => ({ ...day, shown: clockAt(day.at, timezone) }));
}

/** The name of a night's run: with its date where one date has one night, else with the moment. */
export function nightRun(name: string, times: NightTimes, dueAt: number): string {
  const isDaily = times.due.by === 'clock' && clockDay(dateAt(dueAt, times.due.timezone), times.due.at, times.due.timezone).at === dueAt;
  const moment = new Date(dueAt).toISOString();
  if (times.due.by === 'clock' && isDaily) return `${name}-${dateAt(dueAt, times.due.timezone).replaceAll('-', '')}`;
  return `${name}-${moment.slice(0, 10).replaceAll('-', '')}-${moment.slice(11, 19).replaceAll(':', '')}z`;
}
