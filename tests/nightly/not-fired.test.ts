import { describe, expect, test } from 'vitest';
import { graceMs, notFired, type Known } from '../../activities/nightly/not-fired.js';
import type { Night, NightlyDefinition, NightTimes } from '../../contracts/nightly.js';

/** A nightly of hours, whose catch-up window is four; moments are hours of a day. The schedules are as a real server shows them. */
const HOUR_MS = 3_600_000;
const at = (hour: number): number => Date.UTC(2026, 10, 21) + hour * HOUR_MS;
const iso = (hour: number): string => new Date(at(hour)).toISOString();
const runOf = (hour: number): string => `n-20261121-${String(hour).padStart(2, '0')}0000z`;

const definition = (times: Partial<NightTimes>): NightlyDefinition => ({
  ...{
    schemaVersion: 1,
    name: 'n',
    recipe: { file: 'r.yaml', text: '' },
    dataRoot: '/data',
    sets: [],
    command: 'judo run',
    freshTeacher: false,
  },
  times: { due: { by: 'interval', everyMs: HOUR_MS }, jitterMs: 0, catchupMs: 4 * HOUR_MS, overlap: 'skip', ...times },
  ...{ thresholds: { points: 1, percent: 50 }, timesSince: iso(-0.5) },
});

/** A night that began at `began` and ended at `ended`; `counted`: misses and overlaps that the schedule told of when it began. */
const night = (
  hour: number,
  began: number,
  ended: number | null,
  counted: readonly [number, number] = [0, 0],
  run = runOf(hour),
): Night => ({
  ...{ schemaVersion: 1, nightly: 'n', run, dueAt: iso(hour), state: ended === null ? 'running' : 'completed', reason: null },
  ...{ startedAt: iso(began), finishedAt: ended === null ? null : iso(ended), counted: { missed: counted[0], skipped: counted[1] } },
  ...{ figures: null, comparison: null },
});
const filed = (hour: number, reason: string): Night => ({
  ...night(hour, 0, 0),
  state: 'skipped',
  reason,
  startedAt: null,
  finishedAt: null,
  counted: null,
});

/** Hour -> reason of what did not fire. */
function told(
  times: Partial<NightTimes>,
  nights: readonly Night[],
  schedule: Partial<Known['schedule']> & { fired: readonly number[] },
  before: number,
  rest: Partial<Known> & { now?: number } = {},
): Record<number, string | null> {
  const view = {
    paused: false,
    note: null,
    counted: { missed: 0, skipped: 0 },
    waiting: 0,
    next: [],
    ...schedule,
    fired: schedule.fired.map(at),
  };
  const { now = before, ...known } = rest;
  const found = notFired({ definition: definition(times), nights, orders: [], schedule: view, ...known }, at(before), at(now));
  return Object.fromEntries(found.map(({ dueAt, reason }) => [(Date.parse(dueAt) - at(0)) / HOUR_MS, reason]));
}

describe('a night that did not fire', () => {
  const MISSED = 'no Temporal server ran when it was due, nor within the catch-up window of 14400 s after';

  test('because the server was away is missed when it was too old, and else left for the one that was caught up', () => {
    // Back at 7:12. The schedule counts all before it starts 4:00: what that night saw at its begin is of later nights too.
    const back = night(4, 7.2, 7.5, [3, 3]);
    const schedule = { fired: [0, 4], counted: { missed: 3, skipped: 3 } };
    expect(told({}, [night(0, 0, 0.5), { ...back, finishedAt: null }], schedule, 4, { now: 7.2 })).toEqual({
      1: MISSED,
      2: MISSED,
      3: MISSED,
    });
    const late = `it was caught up while night ${runOf(4)} ran (overlap skip)`;
    expect(told({}, [night(0, 0, 0.5), back], { ...schedule, fired: [0, 4, 8] }, 8)).toEqual({ 5: late, 6: late, 7: late });
  });

  test('is not forgotten when later ones are on file already', () => {
    const nights = [night(0, 0, 0.5), night(4, 7.2, 9.5, [3, 3]), filed(8, 'x'), filed(9, 'x'), night(10, 10, null, [3, 5])];
    const late = `it was caught up while night ${runOf(4)} ran (overlap skip)`;
    expect(told({}, nights, { fired: [0, 4, 10], counted: { missed: 3, skipped: 5 } }, 10)).toEqual({ 5: late, 6: late, 7: late });
  });

  test('because another still ran is skipped, also when only the end of that one was still told of', () => {
    const counted = { missed: 0, skipped: 1 };
    expect(told({}, [night(0, 0, 1.5)], { fired: [0, 2], counted }, 2)).toEqual({
      1: `night ${runOf(0)} was still running (overlap skip)`,
    });
    expect(told({}, [night(0, 0, 0.9)], { fired: [0, 2], counted }, 2)).toEqual({
      1: `night ${runOf(0)} was not wholly over (overlap skip)`,
    });
  });

  test('under buffer-one: the first that was not given up waits, and is not told of', () => {
    const running = `night ${runOf(0)} was still running (overlap buffer-one)`;
    const overlap = { overlap: 'buffer-one' } as const;
    expect(told(overlap, [night(0, 0, null)], { fired: [0], waiting: 1, counted: { missed: 0, skipped: 2 } }, 3.5)).toEqual({
      2: running,
      3: running,
    });
    expect(told(overlap, [night(0, 0, null)], { fired: [0], waiting: 1, counted: { missed: 2, skipped: 1 } }, 4.5)).toEqual({
      ...{ 1: running, 2: running },
      4: running,
    });
    // 1:00 fired, and its record is not written yet: what waits now is not known.
    expect(told(overlap, [night(0, 0, 1.9)], { fired: [0, 1], waiting: 1, counted: { missed: 0, skipped: 1 } }, 3.5)).toEqual({});
  });

  test('under cancel-other: the last one due takes the place of all before it, when the cancelled one has ended', () => {
    const overlap = { overlap: 'cancel-other' } as const;
    expect(told(overlap, [night(0, 0, null)], { fired: [0], waiting: 3 }, 3.5)).toEqual({});
    const replaced = `night ${runOf(4)} took its place (overlap cancel-other)`;
    expect(told(overlap, [night(0, 0, 4.1), night(4, 4.2, null)], { fired: [0, 4] }, 4)).toEqual({ 1: replaced, 2: replaced, 3: replaced });
  });

  test('under allow has been missed, whatever ran', () => {
    const nights = [night(0, 0, 9), night(3, 7, null, [2, 0])];
    expect(told({ overlap: 'allow' }, nights, { fired: [0, 3, 4, 5], counted: { missed: 2, skipped: 0 } }, 3)).toEqual({
      1: MISSED,
      2: MISSED,
    });
  });

  test('because of a pause says by whom, and a pause that is not known is told as what is known', () => {
    const orders = [
      { at: iso(0.9), by: 'anna', action: 'pause', note: 'new discs' },
      { at: iso(2.5), by: 'anna', action: 'resume', note: null },
    ] as const;
    const paused = 'the nightly was paused by anna: new discs';
    expect(told({}, [night(0, 0, 0.5)], { fired: [0, 3] }, 3, { orders })).toEqual({ 1: paused, 2: paused });
    expect(told({}, [night(0, 0, 0.5)], { fired: [0], paused: true, note: 'by hand' }, 1.5)).toEqual({
      1: 'the schedule is paused: by hand',
    });
    expect(told({}, [night(0, 0, 0.5)], { fired: [0, 2] }, 2)[1]).toContain('counted neither a miss nor an overlap');
  });

  test('is not told of while its jitter lasts, though somebody triggered one meanwhile', () => {
    const jitter = { jitterMs: 0.2 * HOUR_MS };
    const triggered = night(1.1, 1.1, 1.15, [0, 0], 'n-triggered');
    expect(told(jitter, [night(0, 0, 0.5), triggered], { fired: [0, 1.1] }, 1.1)).toEqual({});
    const counted = { missed: 0, skipped: 1 };
    expect(Object.keys(told(jitter, [night(0, 0, 0.5), triggered], { fired: [0, 1.1, 2], counted }, 2))).toEqual(['1']);
  });

  test('is not told of while a busy server may still come to it: a minute, and ten seconds where nights are seconds apart', () => {
    const every = (everyMs: number): Partial<NightTimes> => ({ due: { by: 'interval', everyMs } });
    /** What is told so many seconds after the first night of a nightly was due, when night 0 was there. */
    const toldAfter = (everyMs: number, seconds: number) => {
      const [due, now] = [everyMs, everyMs + seconds * 1000].map((ms) => ms / HOUR_MS) as [number, number];
      return Object.keys(told(every(everyMs), [night(0, 0, 0)], { fired: [0] }, due * 1.5, { now })).length;
    };
    expect([toldAfter(HOUR_MS, 59), toldAfter(HOUR_MS, 60)]).toEqual([0, 1]);
    expect([toldAfter(3_000, 9), toldAfter(3_000, 10)]).toEqual([0, 1]);
    expect([graceMs(definition(every(3_000)).times), graceMs(definition(every(600_000)).times)]).toEqual([3_000, 30_000]);
    expect(graceMs({ ...definition({}).times, due: { by: 'clock', at: '02:00', timezone: 'UTC' } })).toBe(60_000);
  });
});
