import type { Night, NightlyDefinition, NightlyOrder, NightTimes } from '../../contracts/nightly.js';
import { dueTimes, nightRun } from './due-times.js';
import type { ScheduleView } from './schedule-view.js';

/** So many nights are explained at most: a nightly of seconds whose server was away for a day has thousands. */
const MOST = 500;

export interface Known {
  readonly definition: NightlyDefinition;
  /** In the order they were due. */
  readonly nights: readonly Night[];
  readonly orders: readonly NightlyOrder[];
  readonly schedule: ScheduleView;
}

/** How much later than it was due a night may begin and be on time: a server has other work, too. */
export const graceMs = ({ due }: NightTimes): number => (due.by === 'clock' ? 60_000 : Math.min(60_000, Math.max(3_000, due.everyMs / 20)));
/** The server is given so long at least before a night is told as one that did not fire: that cannot be taken back. */
const PATIENCE_MS = 10_000;
/** A run ends a moment before its night does, which is compared and told of first: a notice is tried again for an hour. */
const LONGEST_END_MS = 65 * 60_000;

/** What a night that did not fire is filed with. */
type Verdict = Pick<Night, 'state' | 'reason'>;

const UNKNOWN = 'the schedule counted neither a miss nor an overlap: it was paused outside `judo`, or has not come to it yet';
const OUT_OF_WINDOW = 'no Temporal server ran when it was due, nor within the catch-up window';

/** Policies under which a night that runs keeps those from firing that are due meanwhile. */
export const holdsBack = ({ overlap }: NightTimes): boolean => overlap === 'skip' || overlap === 'buffer-one';

/**
 * The nights that were due before a moment and did not fire, each with its reason: from the orders of people, the nights on file,
 * the schedule's times, and where those leave it open the schedule's counters. Pure. Looks back to the last night that was due and
 * began: that one's look filed whatever was due earlier.
 */
export function notFired(known: Known, before: number, now: number): Night[] {
  const { definition, nights, schedule } = known;
  const { name, times } = definition;
  const begun = nights.filter((night) => night.startedAt !== null && isDue(times, Date.parse(night.dueAt)));
  const last = begun.findLast((night) => Date.parse(night.dueAt) < before);
  const since = Math.max(Date.parse(definition.timesSince), last === undefined ? 0 : Date.parse(last.dueAt));
  const due = dueTimes(times, Math.max(since, startOfLook(definition, before)), before - 1);
  const missed = schedule.counted.missed - (last?.counted?.missed ?? 0);
  const filed = new Set(nights.map((night) => Date.parse(night.dueAt)));
  const gone = new Set([...filed, ...schedule.fired, ...waiting(known, due, missed)]);
  const newest = Math.max(since, ...[...schedule.fired, ...begun.map((night) => Date.parse(night.dueAt))].filter((at) => isDue(times, at)));
  // Before a night that fired the server has decided on all; of later ones it has when it had the time.
  const patience = times.jitterMs + Math.max(PATIENCE_MS, graceMs(times));
  const open = due.filter((at) => !gone.has(at) && (at < newest || at + patience <= now));
  const verdicts = new Map(open.flatMap((at) => pairWith(at, certainVerdict(known, begun, at))));
  // The server counts what it gives up and does not say which: the oldest are those that were too old to be caught up.
  const windowed = nights.filter((night) => Date.parse(night.dueAt) > since && night.reason?.startsWith(OUT_OF_WINDOW) === true).length;
  const maybeMissed = open.filter((at) => !verdicts.has(at) && !isServedIn(nights, at, at + times.catchupMs));
  for (const at of maybeMissed.slice(0, Math.max(0, missed - windowed)))
    verdicts.set(at, { state: 'missed', reason: `${OUT_OF_WINDOW} of ${Math.round(times.catchupMs / 1000)} s after` });
  const skipped = schedule.counted.skipped - (last?.counted?.skipped ?? 0);
  return open.map((at) => ({
    schemaVersion: 1,
    nightly: name,
    run: nightRun(name, times, at),
    dueAt: new Date(at).toISOString(),
    ...(verdicts.get(at) ?? likelyVerdict(known, last, at, skipped)),
    startedAt: null,
    finishedAt: null,
    counted: null,
    figures: null,
    comparison: null,
  }));
}

/** Whether a night was due then; one that somebody triggered began at any moment. */
const isDue = (times: NightTimes, at: number): boolean => dueTimes(times, at - 1, at).length > 0;

const pairWith = (at: number, verdict: Verdict | null): [number, Verdict][] => (verdict === null ? [] : [[at, verdict]]);

/**
 * Nights that the server may still start: something waits for the night before, and it keeps their order. Of `buffer-one` that is
 * the first which was not given up; a night that fired and is not on file yet decides for those after it.
 */
function waiting({ definition, nights, schedule }: Known, due: readonly number[], missed: number): readonly number[] {
  if (schedule.waiting === 0) return [];
  const newest = Math.max(0, ...schedule.fired);
  const after = due.filter((at) => at > newest);
  const isOnFile = nights.some((night) => Date.parse(night.dueAt) === newest);
  return definition.times.overlap === 'buffer-one' && isOnFile ? after.slice(missed, missed + 1) : after;
}

/** A reason that what people did, or the nights on file, leave no doubt of. */
function certainVerdict({ definition, nights, orders }: Known, begun: readonly Night[], at: number): Verdict | null {
  const { times } = definition;
  const { overlap } = times;
  const pause = pauseAt(orders, at);
  if (pause !== null)
    return { state: 'skipped', reason: `the nightly was paused by ${pause.by}${pause.note === null ? '' : `: ${pause.note}`}` };
  if (!holdsBack(times)) return null;
  const running = nightRunningAt(nights, at);
  if (running !== null) return { state: 'skipped', reason: `night ${running.run} was still running (overlap ${overlap})` };
  // Due between a night that was late and its start: the server came to both at once, and took the earlier one.
  const late = begun.findLast((night) => Date.parse(night.dueAt) < at && Date.parse(night.startedAt!) >= at && isInWindow(night, times));
  return late === undefined ? null : { state: 'skipped', reason: `it was caught up while night ${late.run} ran (overlap ${overlap})` };
}

/** A reason for what is left when people, nights on file and the server's count of misses have explained the others. */
function likelyVerdict({ definition, nights, schedule }: Known, last: Night | undefined, at: number, skipped: number): Verdict {
  const { name, times } = definition;
  const { overlap } = times;
  if (overlap === 'cancel-other') {
    const next = [...schedule.fired, ...nights.map((night) => Date.parse(night.dueAt))].filter((one) => one > at);
    if (next.length > 0)
      return { state: 'skipped', reason: `night ${nightRun(name, times, Math.min(...next))} took its place (overlap ${overlap})` };
  }
  const sinceEnd = at - Date.parse(last?.finishedAt ?? '');
  if (holdsBack(times) && last !== undefined && skipped > 0 && sinceEnd >= 0 && sinceEnd < LONGEST_END_MS)
    return { state: 'skipped', reason: `night ${last.run} was not wholly over (overlap ${overlap})` };
  const note = schedule.note === null ? '' : `: ${schedule.note}`;
  return { state: 'missed', reason: schedule.paused ? `the schedule is paused${note}` : UNKNOWN };
}

/** Whether a night began as late as a catch-up can be; a backfill begins later. */
const isInWindow = ({ dueAt, startedAt }: Night, times: NightTimes): boolean =>
  Date.parse(startedAt!) - Date.parse(dueAt) <= times.catchupMs + times.jitterMs + graceMs(times);

/** Whether a server ran at some moment of a span for certain: a night began or ended in it. */
const isServedIn = (nights: readonly Night[], from: number, to: number): boolean =>
  nights.some(({ startedAt, finishedAt }) =>
    [startedAt, finishedAt].some((moment) => moment !== null && Date.parse(moment) >= from && Date.parse(moment) <= to),
  );

/** Bounds a look back: `MOST` nights at most. */
function startOfLook({ times }: NightlyDefinition, before: number): number {
  return before - MOST * (times.due.by === 'interval' ? times.due.everyMs : 86_400_000);
}

/** The pause that held at a moment, or null. */
function pauseAt(orders: readonly NightlyOrder[], at: number): NightlyOrder | null {
  const last = orders.filter((order) => Date.parse(order.at) <= at).findLast(({ action }) => action === 'pause' || action === 'resume');
  return last?.action === 'pause' ? last : null;
}

/** A night that was running at a moment. */
export function nightRunningAt(nights: readonly Night[], at: number): Night | null {
  const running = nights.filter(({ startedAt, finishedAt }) => {
    if (startedAt === null || Date.parse(startedAt) > at) return false;
    return finishedAt === null || Date.parse(finishedAt) > at;
  });
  return running.at(-1) ?? null;
}

/** What people are told of them: one line. */
export function describeNotFired(nights: readonly Night[]): string {
  const [first] = nights;
  if (first === undefined) return '';
  const reasons = [...new Set(nights.map((night) => night.reason))].join('; ');
  if (nights.length === 1) return `night ${first.run} of ${first.nightly} was ${first.state}: ${reasons}`;
  return `${nights.length} nights of ${first.nightly} did not run, from ${first.dueAt} to ${nights.at(-1)!.dueAt}: ${reasons}`;
}
