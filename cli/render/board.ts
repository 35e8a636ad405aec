import type { Failure } from '../../contracts/failure.js';
import type { Decision, RunStatus, StageProgress, StageStatus } from '../../contracts/run.js';
import { columns, duration, painter } from './terminal.js';

export interface BoardStage extends StageStatus {
  /** What the running activity said last. */
  readonly now: {
    readonly progress: StageProgress | null;
    readonly attempt: number;
    readonly lastFailure: string | null;
    readonly retryAt: Date | null;
    readonly host: string | null;
    readonly askedBy: string | null;
  } | null;
}

const MARK = { ran: '✓', reused: '=', skipped: '-', failed: '✗', blocked: '!', running: '>', waiting: ' ' } as const;
const STYLE = { ran: 'green', reused: 'green', skipped: 'dim', failed: 'red', blocked: 'red', running: 'blue', waiting: 'dim' } as const;
const BAR_CELLS = 20;

/** The live view: a line a stage. */
export function renderBoard(status: RunStatus, stages: readonly BoardStage[], stream: NodeJS.WriteStream): string {
  const paint = painter(stream);
  const rows = stages.map((stage) => [
    paint(STYLE[stage.outcome], `${MARK[stage.outcome]} ${stage.stage}`),
    paint(STYLE[stage.outcome], stage.outcome),
    elapsed(stage),
    doing(stage, status.run),
  ]);
  const width = stream.columns ?? 120;
  const lines = columns(rows)
    .split('\n')
    .map((line) => (line.length > width + 40 ? line.slice(0, width) : line));
  return `${paint('bold', status.run)} ${status.state}${status.paused ? ', paused' : ''}, ${elapsed(status)}\n${lines.join('\n')}\n`;
}

/** The same of one stage, as a plain line. */
export function stageLine(stage: BoardStage): string {
  return [stage.stage, stage.outcome, elapsed(stage), doing(stage)].filter((part) => part !== '').join('  ');
}

function elapsed(stage: Pick<BoardStage, 'startedAt' | 'finishedAt'>): string {
  if (stage.startedAt === null) return '';
  return duration((stage.finishedAt === null ? Date.now() : Date.parse(stage.finishedAt)) - Date.parse(stage.startedAt));
}

function doing(stage: BoardStage, run?: string): string {
  if (stage.failure !== null) return stage.failure.message;
  if (stage.now === null) return '';
  const { askedBy } = stage.now;
  const elsewhere = run === undefined || askedBy === null || askedBy === run ? '' : `running in ${askedBy}`;
  const attempt = stage.now.attempt > 1 ? `attempt ${stage.now.attempt}` : '';
  const { progress, retryAt } = stage.now;
  if (retryAt !== null) return [elsewhere, `${attempt} ${nextTry(retryAt)}`, failedBefore(stage.now)].filter(Boolean).join(', ');
  if (progress === null) return [elsewhere, attempt, failedBefore(stage.now)].filter(Boolean).join(', ');
  const metrics = Object.entries(progress.metrics)
    .slice(0, 4)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
  const bar =
    share === null
      ? ''
      : `[${'#'.repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, '.')}] ${progress.done}/${progress.total} ${progress.unit}`;
  const left =
    share === null || share === 0 || stage.startedAt === null
      ? ''
      : `${duration(((Date.now() - Date.parse(stage.startedAt)) * (1 - share)) / share)} left`;
  return [elsewhere, progress.phase, bar, left, ...metrics, attempt].filter((part) => part !== '').join('  ');
}

const nextTry = (at: Date): string => (at.getTime() > Date.now() ? `in ${duration(at.getTime() - Date.now())}` : 'waits for a host');

/** What the last attempt failed of, and where. */
const failedBefore = ({ lastFailure, host }: NonNullable<BoardStage['now']>): string =>
  lastFailure === null ? '' : `retrying after: ${lastFailure}${host === null ? '' : ` (on ${host})`}`;

/** Who did what, when and why: a line a decision. */
export const renderDecisions = ({ decisions }: RunStatus): string =>
  decisions.map((decision) => `${describeDecision(decision)}\n`).join('');

export function describeDecision({ at, by, action, stages, patch, force, reason }: Decision): string {
  const changes = patch.map(({ path, value }) => `${path}=${JSON.stringify(value)}`);
  const words = [action, ...stages, ...changes, ...(force.length > 0 ? [`forcing ${force.join(', ')}`] : [])];
  return `${at}  ${by}: ${words.join(' ')}${reason === null ? '' : ` (${reason})`}`;
}

/** Every failed or blocked stage: what failed, the remedy, what to type, then the end of its log. The cause is never cut. */
export function renderFailures(status: RunStatus, stream: NodeJS.WriteStream): string {
  const paint = painter(stream);
  const failed = status.stages.flatMap((stage) => (stage.failure === null ? [] : [{ stage, failure: stage.failure }]));
  return failed
    .map(({ stage, failure }) =>
      [
        '',
        paint('red', `${stage.stage} is ${stage.outcome}: ${failure.message} (${failure.type})`),
        ...(failure.remedy === undefined ? [] : [`remedy: ${failure.remedy}`]),
        ...(stage.outcome === 'blocked' && status.finishedAt === null
          ? [`then:   judo retry ${status.run} ${stage.stage}    or give it up: judo abort ${status.run} ${stage.stage}`]
          : []),
        ...(failure.logTail === undefined ? [] : [paint('dim', failure.logTail.trimEnd())]),
        ...(hasLog(failure) ? [`log:    judo logs ${status.run} ${stage.stage}`] : []),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** Only what ran as a process of its own keeps a log. */
const hasLog = ({ logTail, logRef }: Failure): boolean => logTail !== undefined || logRef !== undefined;
