import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Client, Connection } from '@temporalio/client';
import { clockDay, dueTimes, isSecondOfDate, nightRun, oddDays } from '../../activities/nightly/due-times.js';
import { clockChanges, readTimes } from '../../cli/nightly/read-times.js';
import { scheduleSpec } from '../../cli/nightly/schedule-spec.js';
import type { NightTimes } from '../../contracts/nightly.js';

const GIVEN = { jitter: '0s', catchup: '12h', overlap: 'skip' } as const;
const times = (at: string, timezone: string): NightTimes => readTimes({ ...GIVEN, at, timezone });
const iso = (moments: readonly number[]) => moments.map((moment) => new Date(moment).toISOString());
const due = (given: NightTimes, from: string, to: string) => iso(dueTimes(given, Date.parse(from), Date.parse(to)));

describe('a night at a clock time', () => {
  test('is due once a date, also where clocks skip the time or show it twice', () => {
    const berlin = times('02:30', 'Europe/Berlin');
    expect(due(berlin, '2027-03-26T12:00:00Z', '2027-03-29T12:00:00Z')).toEqual([
      '2027-03-27T01:30:00.000Z',
      // 02:30 does not exist: an hour of clocks later, 03:30.
      '2027-03-28T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
    expect(due(berlin, '2027-10-30T12:00:00Z', '2027-11-01T12:00:00Z')).toEqual(['2027-10-31T00:30:00.000Z', '2027-11-01T01:30:00.000Z']);
    expect(isSecondOfDate(berlin, Date.parse('2027-10-31T01:30:00Z'))).toBe(true);
    expect(isSecondOfDate(berlin, Date.parse('2027-10-31T00:30:00Z'))).toBe(false);
    expect(isSecondOfDate(berlin, Date.parse('2027-10-30T00:30:00Z'))).toBe(false);
  });

  test.each(['America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'UTC', 'US/Pacific'])(
    'of %s is due 731 times in two years, once each date',
    (timezone) => {
      for (const at of ['00:00', '02:15', '23:59']) {
        const given = times(at, timezone);
        const nights = dueTimes(given, Date.parse('2027-01-01T14:00:00Z'), Date.parse('2029-01-01T14:00:00Z'));
        expect(nights).toHaveLength(731);
        expect(new Set(nights.map((moment) => nightRun('n', given, moment))).size).toBe(731);
      }
    },
  );

  test('names its run by its date, and a night at another moment by the moment', () => {
    const berlin = times('00:30', 'Europe/Berlin');
    expect(nightRun('n', berlin, Date.parse('2026-11-20T23:30:00Z'))).toBe('n-20261121');
    expect(nightRun('n', berlin, Date.parse('2026-11-20T15:00:07Z'))).toBe('n-20261120-150007z');
  });

  test('says what happens on the dates whose clocks change over it', () => {
    const from = Date.parse('2026-11-21T00:00:00Z');
    expect(clockChanges(times('02:30', 'Europe/Berlin'), from)).toEqual([
      'on 2027-03-28 there is no 02:30 in Europe/Berlin (clocks go forward over it): that night is due at 03:30',
      'on 2027-10-31 02:30 comes twice in Europe/Berlin (clocks go back over it): that night is due the first time only',
      'on 2028-03-26 there is no 02:30 in Europe/Berlin (clocks go forward over it): that night is due at 03:30',
      'on 2028-10-29 02:30 comes twice in Europe/Berlin (clocks go back over it): that night is due the first time only',
    ]);
    expect(clockChanges(times('04:00', 'Europe/Berlin'), from)).toEqual([]);
    expect(clockDay('2027-03-28', '02:30', 'Europe/Berlin').times).toBe(0);
    expect(oddDays('02:30', 'UTC', from, 10)).toEqual([]);
  });
});

describe('the schedule on a real server', () => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }), namespace: 'nightly-test' });
  });
  afterAll(() => client.connection.close());

  test.each([
    ['02:30', 'Europe/Berlin', '2027-03-26T12:00:00Z'],
    ['02:15', 'America/New_York', '2027-03-12T12:00:00Z'],
    ['00:30', 'America/Santiago', '2027-09-03T12:00:00Z'],
  ])('fires %s of %s when we say, over the clock change after %s', async (at, timezone, from) => {
    const given = times(at, timezone);
    const handle = await client.schedule.create({
      scheduleId: `clock-${process.pid}-${timezone}`,
      spec: { ...scheduleSpec(given, Date.parse('2026-11-21T00:00:00Z')), startAt: new Date(from) },
      action: { type: 'startWorkflow', workflowType: 'nightly', taskQueue: 'nobody', args: [{ name: 'x' }] },
      state: { paused: true },
    });
    const { nextActionTimes } = (await handle.describe()).info;
    await handle.delete();
    expect(nextActionTimes.length).toBeGreaterThan(3);
    const last = nextActionTimes.at(-1)!.toISOString();
    expect(nextActionTimes.map((moment) => moment.toISOString())).toEqual(due(given, from, last));
  });
});

describe('a date whose clocks skip an hour', () => {
  test.each(Array.from({ length: 24 }, (_, hour) => hour))('is found from hour %i of an earlier day, and its night is due', (hour) => {
    const from = Date.UTC(2026, 10, 21, hour, 5);
    const dates = oddDays('02:30', 'Europe/Berlin', from, 2).map(({ date, times: shown }) => [date, shown]);
    expect(dates).toEqual([
      ['2027-03-28', 0],
      ['2027-10-31', 2],
      ['2028-03-26', 0],
      ['2028-10-29', 2],
    ]);
    const nights = dueTimes(times('02:30', 'Europe/Berlin'), from, from + 365 * 86_400_000);
    expect(nights).toHaveLength(365);
    expect(nights).toContain(Date.UTC(2027, 2, 28, 1, 30));
  });
});

describe('times that cannot be', () => {
  const refused = (given: Partial<Parameters<typeof readTimes>[0]>) => () => readTimes({ ...GIVEN, ...given });
  test.each([
    ['Europe/Berln', 'did you mean "Europe/Berlin"?'],
    ['berlin', 'did you mean "Europe/Berlin"?'],
    ['europe/berlin', 'did you mean "Europe/Berlin"?'],
    ['New York', 'did you mean "America/New_York"?'],
    ['+01:00', 'there is no such time zone'],
    ['Nowhere/Atall', 'there is no such time zone'],
  ])('time zone %s: %s', (timezone, message) => {
    expect(refused({ at: '02:00', timezone })).toThrow(message);
  });
  test.each(['25:00', '24:00', '02:60', '2', '02:00:00', 'noon', ''])('at "%s" is refused', (at) => {
    expect(refused({ at, timezone: 'UTC' })).toThrow('there is no such time');
  });
  test('a nightly without a time, with two, with less catching up than the server can, or more jitter than a period', () => {
    expect(refused({})).toThrow('when is a night due?');
    expect(refused({ at: '02:00', every: '6h' })).toThrow('--every excludes --at');
    expect(refused({ every: '6h', catchup: '9s' })).toThrow("Temporal's least is 10s");
    expect(refused({ every: '10s', jitter: '10s' })).toThrow('as long as the time between two nights');
    expect(refused({ every: 'often' })).toThrow('not a duration');
  });
});
