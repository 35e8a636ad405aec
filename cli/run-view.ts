import { objectKeys } from '../contracts/artifact.js';
import { RunStatus, StageProgress, type RunLive, type StageStatus } from '../contracts/run.js';
import { parseFiled } from '../activities/retention/parse-filed.js';
import { runStatus as statusOf } from '../activities/stage/run-status.js';
import { runQuery, runWorkflowId, stageWorkflowId } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';
import { searchAttribute } from './search-attribute.js';
import type { Session } from './session.js';

/** A run as its record says when it has ended or Temporal has forgotten it, else as its workflow and the record store know it. */
export async function runStatus(session: Session, run: string): Promise<RunStatus> {
  const stores = await session.stores();
  const filed = await filedStatus(session, run);
  if (filed !== null && filed.finishedAt !== null) return filed;
  const live = await liveRun(session, run);
  if (live !== null) return statusOf(live, stores);
  if (filed !== null) return filed;
  throw new CliError(
    EXIT.notFound,
    `there is no run "${run}", neither in Temporal nor in ${stores.objects.description}`,
    'judo runs lists them.',
  );
}

/** The record of a run, or null. It is filed at its start, at every decision and at its end. */
export async function filedStatus(session: Session, run: string): Promise<RunStatus | null> {
  const { objects } = await session.stores();
  const key = objectKeys.run(run);
  const bytes = await objects.get(key);
  return bytes === null ? null : parseFiled(RunStatus, bytes, `run record ${key} in ${objects.description}`);
}

/** What the run's workflow says; null when Temporal knows no such run (any more). */
async function liveRun(session: Session, run: string): Promise<RunLive | null> {
  const client = await session.temporal();
  return client.workflow
    .getHandle(runWorkflowId(run))
    .query(runQuery)
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
      throw error;
    });
}

/** What a running stage is doing. `askedBy`: the run that asked for it first, which may be another one. */
export interface StageNow {
  readonly progress: StageProgress | null;
  readonly attempt: number;
  readonly lastFailure: string | null;
  /** When the next attempt is due; null while one runs. */
  readonly retryAt: Date | null;
  /** The host that has it, or had it last. */
  readonly host: string | null;
  readonly askedBy: string | null;
}

/** `PENDING_ACTIVITY_STATE_SCHEDULED` of Temporal's API: in the queue, or waiting for its next attempt. */
const SCHEDULED = 1;

/** What the running stage's activity said last, and how often it was tried; null between two attempts. */
export async function stageProgress(session: Session, stage: StageStatus): Promise<StageNow | null> {
  if (stage.key === null || stage.outcome !== 'running') return null;
  const client = await session.temporal();
  const description = await client.workflow
    .getHandle(stageWorkflowId(stage.key))
    .describe()
    .catch(() => null);
  const activity = description?.raw.pendingActivities?.[0];
  if (activity === undefined || activity === null) return null;
  const bytes = activity.heartbeatDetails?.payloads?.[0]?.data;
  const parsed = bytes === undefined || bytes === null ? null : StageProgress.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const attempt = activity.attempt ?? 1;
  const dueAt = Number(activity.nextAttemptScheduleTime?.seconds ?? 0) * 1000;
  return {
    askedBy: searchAttribute(description, 'JudoRun'),
    progress: parsed?.success === true ? parsed.data : null,
    attempt,
    lastFailure: activity.lastFailure?.message ?? null,
    retryAt: activity.state === SCHEDULED && attempt > 1 ? new Date(dueAt) : null,
    host: activity.lastWorkerIdentity?.replace(/^[^@]*@/, '') || null,
  };
}

/** The document that `run`, `quickstart` and `show` print with `-o json`. */
export function runDocument(status: RunStatus, report: string | null, table: string | null) {
  return {
    schemaVersion: 1,
    run: status.run,
    state: status.state,
    ...(status.paused ? { paused: true } : {}),
    stages: status.stages.map((stage) => ({
      stage: stage.stage,
      key: stage.key,
      outcome: stage.outcome,
      attempts: stage.attempts,
      seconds:
        stage.startedAt === null
          ? null
          : ((stage.finishedAt === null ? Date.now() : Date.parse(stage.finishedAt)) - Date.parse(stage.startedAt)) / 1000,
      artifacts: stage.artifacts,
      ...(stage.failure === null ? {} : { failure: stage.failure }),
    })),
    ...(status.decisions.length === 0 ? {} : { decisions: status.decisions }),
    report,
    table,
  };
}

export const exitCodeOf = (state: RunStatus['state']): number =>
  ({ completed: EXIT.ok, running: EXIT.ok, failed: EXIT.failed, blocked: EXIT.blocked, cancelled: EXIT.cancelled })[state];
