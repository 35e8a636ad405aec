import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../exit-codes.js';
import { renderFailures } from '../render/board.js';
import { isLive } from '../render/terminal.js';
import { exitCodeOf } from '../run-view.js';
import type { Session } from '../session.js';
import { renderResults, renderSweep } from './render-sweep.js';
import { sweepDocument, sweepView, type SweepView } from './sweep-view.js';

const POLL_MS = 1_000;
/** Lines of a terminal that are not the grid's: heading, results and a prompt. */
const OTHER_LINES = 6;

/** Follows a sweep until it ends, stands still, or the reader leaves with Ctrl-C. Resolves to the exit code. */
export async function followSweep(session: Session, run: string, options: { output?: string; progress?: boolean }): Promise<number> {
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  try {
    const view = await untilStill(session, run, isLive(process.stderr, options), left.signal);
    if (view === null) {
      process.stderr.write(`\ndetached; the sweep goes on. judo sweep show ${run} shows it, judo cancel ${run} ends it.\n`);
      return EXIT.interrupted;
    }
    process.stderr.write(renderFailures(view.status, process.stderr));
    process.stdout.write(
      options.output === 'json'
        ? `${JSON.stringify(sweepDocument(view))}\n`
        : `${renderSweep(view, process.stdout)}\n${renderResults(view)}`,
    );
    return isHeld(view) ? EXIT.blocked : exitCodeOf(view.status.state);
  } finally {
    process.off('SIGINT', leave);
  }
}

/** Paused, and nothing runs any more: only a person moves it on. */
const isHeld = ({ status, cells }: SweepView): boolean =>
  status.state === 'running' && status.paused && cells.every(({ outcome }) => outcome !== 'running');

async function untilStill(session: Session, run: string, live: boolean, left: AbortSignal): Promise<SweepView | null> {
  const told = new Map<string, string>();
  let drawn = 0;
  let isWaiting = false;
  while (!left.aborted) {
    const view = await sweepView(session, run).catch((error: unknown) => {
      if (!isPassing(error)) throw error;
      if (!isWaiting) process.stderr.write('waiting for a server or a worker to answer (judo doctor says which)...\n');
      isWaiting = true;
      return null;
    });
    if (view !== null) {
      isWaiting = false;
      if (live) {
        const rows = Math.max(1, (process.stderr.rows ?? 40) - OTHER_LINES - (view.results?.length ?? 0));
        const text = `${renderSweep(view, process.stderr, rows)}${renderResults(view)}`;
        process.stderr.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}\x1b[0J${text}`);
        drawn = text.split('\n').length - 1;
      } else tellChanges(view, told);
      if (view.status.state !== 'running' || isHeld(view)) return view;
    }
    await delay(POLL_MS, undefined, { signal: left }).catch(() => undefined);
  }
  return null;
}

/** A plain line when a stage changes state; one that several variants share is told once. */
function tellChanges({ cells }: SweepView, told: Map<string, string>): void {
  for (const { variant, stage, key, outcome } of cells) {
    if (key === null || outcome === 'waiting' || told.get(key) === outcome) continue;
    told.set(key, outcome);
    process.stderr.write(`${new Date().toISOString()} ${variant}/${stage}  ${outcome}\n`);
  }
}

/** A server or worker that is away for a while comes back: following goes on. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['ServiceError', 'QueryNotRegisteredError', 'QueryRejectedError'].includes(error.name)) return true;
  return error.name === 'StageError' && (error as Error & { failure: { type: string } }).failure.type === 'Transient';
}
