import { createNightlyStore } from '../../activities/nightly/nightly-store.js';
import { notFired } from '../../activities/nightly/not-fired.js';
import { viewSchedule } from '../../activities/nightly/schedule-view.js';
import { hasRegressed, type Night, type NightlyDefinition, type NightTimes } from '../../contracts/nightly.js';
import { describeDifference } from '../../workflows/core/compare-nights.js';
import { duration } from '../render/terminal.js';
import type { Session } from '../session.js';
import { requireNightly } from './order-nightly.js';

/** A night files what was due before it and did not fire when it begins: one that began so lately may not have come to it. */
const FILED_AFTER_MS = 10_000;

export interface NightlyRow {
  readonly name: string;
  readonly due: string;
  readonly state: 'on' | 'paused' | 'no schedule';
  readonly note: string | null;
  readonly next: string | null;
  readonly lastNight: Pick<Night, 'run' | 'state'> | null;
  readonly recipe: string;
}

/** Every nightly, with when it is due next. */
export async function listNightlies(session: Session): Promise<NightlyRow[]> {
  const store = createNightlyStore((await session.stores()).objects);
  const client = await session.temporal();
  return Promise.all(
    (await store.names()).map(async (name) => {
      const [definition, schedule, nights] = await Promise.all([
        store.requireDefinition(name),
        viewSchedule(client, name),
        store.nights(name),
      ]);
      const last = nights.at(-1);
      return {
        name,
        due: describeTimes(definition.times),
        state: schedule === null ? 'no schedule' : schedule.paused ? 'paused' : 'on',
        note: schedule?.paused === true ? schedule.note : null,
        next: schedule === null || schedule.paused ? null : (schedule.next[0]?.toISOString() ?? null),
        lastNight: last === undefined ? null : { run: last.run, state: last.state },
        recipe: definition.recipe.file,
      };
    }),
  );
}

export interface NightRow extends Night {
  readonly regressed: boolean;
  /** Somebody named it the good one. */
  readonly promoted: boolean;
}

/** The nights of a nightly, newest first: those that ran, and those that did not with the reason. Files nothing. */
export async function nightHistory(session: Session, name: string, limit: number): Promise<NightRow[]> {
  const store = createNightlyStore((await session.stores()).objects);
  const definition = await requireNightly(store, name);
  const [nights, orders, schedule, promoted] = await Promise.all([
    store.nights(name),
    store.orders(name),
    viewSchedule(await session.temporal(), name),
    store.promoted(name),
  ]);
  const now = Date.now();
  const before = now - FILED_AFTER_MS - definition.times.jitterMs;
  const open = schedule === null ? [] : notFired({ definition, nights, orders, schedule }, before, now);
  const filed = new Set(nights.map((night) => night.run));
  return [...nights, ...open.filter((night) => !filed.has(night.run))]
    .sort((a, b) => b.dueAt.localeCompare(a.dueAt))
    .slice(0, limit)
    .map((night) => ({ ...night, regressed: hasRegressed(night), promoted: promoted?.run === night.run }));
}

/** `02:00 Europe/Berlin`, `every 10 s`. */
export function describeTimes({ due }: NightTimes): string {
  return due.by === 'clock' ? `${due.at} ${due.timezone}` : `every ${duration(due.everyMs)}`;
}

/** The columns of a night's line in the history. */
export function nightCells(night: NightRow): string[] {
  const { run, dueAt, state, figures, comparison, reason } = night;
  const average = Object.entries(figures?.metrics ?? {}).findLast(([what]) => what.endsWith(': Average'))?.[1];
  const score = average ? `${average.percent.toFixed(2)} (${average.low.toFixed(1)}-${average.high.toFixed(1)})` : '';
  const usd = figures === null ? '' : figures.usd.toFixed(2);
  const worse = comparison?.differences.filter((difference) => difference.regressed).map(describeDifference) ?? [];
  const told = [
    ...(night.promoted ? ['promoted'] : []),
    ...(worse.length > 0 ? [`worse than ${comparison!.with}: ${worse.join('; ')}`] : []),
    ...(comparison?.notes ?? []),
    ...(reason === null ? [] : [reason]),
  ];
  return [
    run,
    dueAt,
    night.regressed ? 'regressed' : state,
    score,
    figures === null ? '' : duration(figures.seconds * 1000),
    usd,
    told.join('; '),
  ];
}

/** The heads of `nightCells`. */
export const NIGHT_HEADS = ['RUN', 'DUE', 'STATE', 'AVERAGE (95 %)', 'TOOK', 'USD', 'NOTES'];

/** What a definition says, for `create`. */
export const describeDefinition = ({ recipe, dataRoot, times, freshTeacher }: NightlyDefinition): string =>
  `${recipe.file} on ${dataRoot}, ${describeTimes(times)}${freshTeacher ? ', with a fresh teacher' : ''}`;
