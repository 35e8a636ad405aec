import { setTimeout as delay } from 'node:timers/promises';
import { ReportSummary } from '../contracts/report-summary.js';
import type { RunStatus } from '../contracts/run.js';
import { EXIT } from './exit-codes.js';
import { settledReport } from './report-files.js';
import { renderBoard, renderFailures, stageLine, type BoardStage } from './render/board.js';
import { renderResultsTable } from './render/results-table.js';
import { isLive } from './render/terminal.js';
import { exitCodeOf, runDocument, runStatus, stageProgress } from './run-view.js';
import type { Session } from './session.js';

const POLL_MS = 500;

/** Follows a run until it ends, blocks, or the reader leaves with Ctrl-C (which never cancels the run). Resolves to the exit code. */
export async function followRun(session: Session, run: string, options: { output?: string; progress?: boolean }): Promise<number> {
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  try {
    const status = await untilSettled(session, run, isLive(process.stderr, options), left.signal);
    if (status === null) {
      process.stderr.write(`\ndetached; the run goes on. judo watch ${run} attaches again, judo cancel ${run} ends it.\n`);
      return EXIT.interrupted;
    }
    await finish(session, status, options.output === 'json');
    return isHeld(status) ? EXIT.blocked : exitCodeOf(status.state);
  } finally {
    process.off('SIGINT', leave);
  }
}

async function untilSettled(session: Session, run: string, live: boolean, left: AbortSignal): Promise<RunStatus | null> {
  const told = new Map<string, string>();
  let drawnLines = 0;
  let waitingForServer = false;
  while (!left.aborted) {
    const status = await runStatus(session, run).catch((error: unknown) => {
      if (!isPassing(error)) throw error;
      if (!waitingForServer) process.stderr.write('waiting for a server or a worker to answer (judo doctor says which)...\n');
      waitingForServer = true;
      return null;
    });
    if (status !== null) {
      waitingForServer = false;
      const stages: BoardStage[] = await Promise.all(
        status.stages.map(async (stage) => ({ ...stage, now: await stageProgress(session, stage) })),
      );
      if (live) {
        const board = renderBoard(status, stages, process.stderr);
        process.stderr.write(`${drawnLines > 0 ? `\x1b[${drawnLines}A` : ''}\x1b[0J${board}`);
        drawnLines = board.split('\n').length - 1;
      } else tellChanges(stages, told);
      if (status.state !== 'running' || isHeld(status)) return status;
    }
    await delay(POLL_MS, undefined, { signal: left }).catch(() => undefined);
  }
  return null;
}

/** Plain lines: one when a stage changes state, and one for each tenth of its progress. */
function tellChanges(stages: readonly BoardStage[], told: Map<string, string>): void {
  for (const stage of stages) {
    const progress = stage.now?.progress;
    const tenth =
      progress !== undefined && progress !== null && progress.total > 0 ? Math.floor((10 * progress.done) / progress.total) : '';
    const mark = `${stage.outcome} ${stage.now?.attempt ?? ''} ${tenth}`;
    if (stage.outcome === 'waiting' || told.get(stage.stage) === mark) continue;
    told.set(stage.stage, mark);
    process.stderr.write(`${new Date().toISOString()} ${stageLine(stage)}\n`);
  }
}

async function finish(session: Session, status: RunStatus, json: boolean): Promise<void> {
  const settled = await settledReport(session, status);
  const report = settled?.files ?? null;
  process.stderr.write(renderFailures(status, process.stderr));
  if (json) {
    process.stdout.write(`${JSON.stringify(runDocument(status, report?.html ?? null, report?.csv ?? null))}\n`);
    return;
  }
  const counts = [...new Set(status.stages.map((stage) => stage.outcome))].map(
    (outcome) => `${status.stages.filter((stage) => stage.outcome === outcome).length} ${outcome}`,
  );
  process.stderr.write(`run ${status.run} ${status.state}: ${counts.join(', ')}\n`);
  if (isHeld(status))
    process.stderr.write(`paused (${status.decisions.at(-1)?.reason ?? 'no reason given'}); go on: judo resume ${status.run}\n`);
  if (report !== null)
    process.stdout.write(
      `\n${renderResultsTable(ReportSummary.parse(report.summary))}\nreport${settled?.partial === true ? ' (partial)' : ''}: ${report.html}\n`,
    );
}

/** Paused, by a person or by its own limits, with nothing in flight: it waits for `judo resume`. */
const isHeld = (status: RunStatus): boolean =>
  status.state === 'running' && status.paused && !status.stages.some(({ outcome }) => outcome === 'running');

/** A server or worker that is away for a while comes back: following goes on. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ServiceError' || error.name === 'QueryNotRegisteredError' || error.name === 'QueryRejectedError') return true;
  return error.name === 'StageError' && (error as Error & { failure: { type: string } }).failure.type === 'Transient';
}
