import { dateAt, dueTimes, nightRun } from '../../activities/nightly/due-times.js';
import { createNightlyStore, scheduleId, type NightlyStore } from '../../activities/nightly/nightly-store.js';
import type { NightlyDefinition, NightlyOrder } from '../../contracts/nightly.js';
import { didYouMean } from '../../workflows/core/nearest.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { Session } from '../session.js';
import { signature } from '../signature.js';

async function open(session: Session, name: string) {
  const store = createNightlyStore((await session.stores()).objects);
  const definition = await requireNightly(store, name);
  const handle = (await session.temporal()).schedule.getHandle(scheduleId(name));
  const order = async (action: NightlyOrder['action'], note?: string, at = new Date()) => {
    const { by, reason } = signature(note);
    await store.addOrder(name, { at: at.toISOString(), by, action, note: reason });
  };
  return { store, definition, handle, order };
}

/** The definition of a nightly; one that is not there is answered with the nearest that is. */
export async function requireNightly(store: NightlyStore, name: string): Promise<NightlyDefinition> {
  const names = await store.names();
  if (names.includes(name)) return store.requireDefinition(name);
  throw new CliError(EXIT.notFound, `there is no nightly "${name}"${didYouMean(name, names)}`, '`judo nightly list` lists them.');
}

/** No night fires until it is resumed. A night that runs goes on. */
export async function pauseNightly(session: Session, name: string, note: string | undefined): Promise<void> {
  const { handle, order } = await open(session, name);
  // A night that is due before the server has heard of it fires, and needs no reason; one due after it must find the order.
  const at = new Date();
  await handle.pause(note ?? `paused by ${signature(note).by}`);
  await order('pause', note, at);
}

export async function resumeNightly(session: Session, name: string, note: string | undefined): Promise<void> {
  const { handle, order } = await open(session, name);
  await handle.unpause(note ?? `resumed by ${signature(note).by}`);
  await order('resume', note);
}

/** A night now, beside those that are due: also while paused, and whatever runs. */
export async function triggerNightly(session: Session, name: string): Promise<void> {
  const { handle, order } = await open(session, name);
  await order('trigger');
  await handle.trigger('ALLOW_ALL');
}

/** Runs the nights that were due in a span, one after another. Those that completed are not run again. Resolves to their runs. */
export async function backfillNightly(session: Session, name: string, span: { from: string; to: string }): Promise<string[]> {
  const { store, definition, handle, order } = await open(session, name);
  const { times } = definition;
  const [from, to] = [readMoment('--from', span.from, definition, 0), readMoment('--to', span.to, definition, 1)];
  if (to > Date.now())
    throw new CliError(EXIT.usage, `--to ${span.to} is not past yet`, 'Give a date before today, or a moment that is past.');
  const due = dueTimes(times, from - 1, to);
  if (due.length === 0)
    throw new CliError(
      EXIT.usage,
      `no night of ${name} was due from ${span.from} to ${span.to}`,
      `\`judo nightly list\` says when it is due.`,
    );
  if (due.length > 100)
    throw new CliError(EXIT.usage, `${due.length} nights were due in that span, and 100 are the most at once`, 'Give a shorter span.');
  const runs: string[] = [];
  const wanted: number[] = [];
  for (const at of due) {
    const run = nightRun(name, times, at);
    if ((await store.night(name, run))?.state === 'completed') continue;
    runs.push(run);
    wanted.push(at);
  }
  if (runs.length === 0) return [];
  await order('backfill', `${span.from} to ${span.to}`);
  // Under `skip` the server would start one of them and drop the others.
  await handle.backfill(wanted.map((at) => ({ start: new Date(at - 1), end: new Date(at), overlap: 'BUFFER_ALL' })));
  return runs;
}

/** A date of the nightly's time zone (its beginning, or with `days` 1 its end), or a moment in ISO. */
function readMoment(option: string, text: string, { times }: NightlyDefinition, days: 0 | 1): number {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = Date.parse(isDate ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(at))
    throw new CliError(EXIT.usage, `${option} ${text}: not a date`, 'Give 2026-11-21, or a moment as in 2026-11-21T02:00:00Z.');
  if (!isDate) return at;
  const { due } = times;
  const zone = due.by === 'clock' ? due.timezone : 'UTC';
  // The first moment at which that zone's calendar shows the date.
  let low = at - 86_400_000 + days * 86_400_000;
  let high = low + 2 * 86_400_000;
  const wanted = new Date(at + days * 86_400_000).toISOString().slice(0, 10);
  while (high - low > 1000) {
    const middle = (low + high) / 2;
    if (dateAt(middle, zone) < wanted) low = middle;
    else high = middle;
  }
  return Math.round(high / 1000) * 1000 - days;
}

/** Names the run that every night is compared with from now on. */
export async function promoteNight(session: Session, run: string): Promise<string> {
  const store = createNightlyStore((await session.stores()).objects);
  const owners = (await store.names()).filter((name) => run.startsWith(`${name}-`)).sort((a, b) => b.length - a.length);
  for (const name of owners) {
    const night = await store.night(name, run);
    if (night === null) continue;
    if (night.state !== 'completed' || night.figures === null) {
      throw new CliError(
        EXIT.usage,
        `night ${run} is ${night.state}: only a completed night can be the good one`,
        `judo nightly history ${name}`,
      );
    }
    const at = new Date().toISOString();
    await store.promote(name, { run, at, by: signature(undefined).by });
    await store.addOrder(name, { at, by: signature(undefined).by, action: 'promote', note: run });
    return name;
  }
  throw new CliError(EXIT.notFound, `no nightly has a night "${run}"`, '`judo nightly history NAME` lists the nights of a nightly.');
}

/** Ends a nightly. Its nights, their runs and what they made stay. */
export async function deleteNightly(session: Session, name: string): Promise<void> {
  const { store, handle } = await open(session, name);
  await handle.delete().catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'ScheduleNotFoundError')) throw error;
  });
  await store.forget(name);
}
