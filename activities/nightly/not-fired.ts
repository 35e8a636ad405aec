import type { Night, NightlyDefinition, NightlyOrder } from '../../contracts/nightly.js';
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

/**
 * The nights that were due before a moment and did not fire, each with its reason, from the schedule's counters, its times, the
 * nights on file and the orders of people. Pure. Looks back to the last night on file: whatever was due earlier is filed.
 */
export function notFired({ definition, nights, orders, schedule }: Known, before: number): Night[] {
  const { name, times } = definition;
  const earlier = nights.filter((night) => Date.parse(night.dueAt) < before);
  const since = Math.max(Date.parse(definition.timesSince), ...earlier.map((night) => Date.parse(night.dueAt)));
  const fired = new Set([...schedule.fired, ...nights.map((night) => Date.parse(night.dueAt))]);
  const due = dueTimes(times, Math.max(since, startOfLook(definition, before)), before - 1);
  // A firing that waits for the night before is the last one: the server keeps their order.
  const open = due.filter((at) => !fired.has(at)).slice(0, schedule.waiting > 0 ? -schedule.waiting : undefined);

  const last = earlier.findLast((night) => night.counted !== null);
  const filed = (state: Night['state']) => earlier.filter((night) => night.state === state && night.dueAt > (last?.dueAt ?? '')).length;
  let missed = schedule.counted.missed - (last?.counted?.missed ?? 0) - filed('missed');
  let skipped = schedule.counted.skipped - (last?.counted?.skipped ?? 0) - filed('skipped');
  const reasons = new Map<number, Pick<Night, 'state' | 'reason'>>();
  const isOpen = (at: number) => !reasons.has(at);
  for (const at of open) {
    const pause = pauseAt(orders, at);
    if (pause !== null) {
      reasons.set(at, { state: 'skipped', reason: `the nightly was paused by ${pause.by}${pause.note === null ? '' : `: ${pause.note}`}` });
      continue;
    }
    const running = nightRunningAt(nights, at);
    if (running === null || times.overlap === 'allow' || times.overlap === 'cancel-other') continue;
    skipped -= 1;
    reasons.set(at, { state: 'skipped', reason: `night ${running.run} was still running (overlap ${times.overlap})` });
  }
  // The server counts what it gives up and does not say which: the oldest are those that were too old to be caught up.
  for (const at of open.filter(isOpen)) {
    if (missed-- <= 0) break;
    const window = `${Math.round(times.catchupMs / 1000)} s`;
    reasons.set(at, {
      state: 'missed',
      reason: `no Temporal server ran when it was due, nor within the catch-up window of ${window} after`,
    });
  }
  for (const at of open.filter(isOpen)) {
    if (skipped-- <= 0) break;
    reasons.set(at, { state: 'skipped', reason: `it was caught up while another night ran (overlap ${times.overlap})` });
  }
  const unknown = schedule.paused
    ? `the schedule is paused${schedule.note === null ? '' : `: ${schedule.note}`}`
    : 'the schedule counted neither a miss nor an overlap: it was paused outside `judo`, or has not come to it yet';
  return open.map((at) => ({
    schemaVersion: 1,
    nightly: name,
    run: nightRun(name, times, at),
    dueAt: new Date(at).toISOString(),
    ...(reasons.get(at) ?? { state: 'missed', reason: unknown }),
    startedAt: null,
    finishedAt: null,
    counted: null,
    figures: null,
    comparison: null,
  }));
}

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
