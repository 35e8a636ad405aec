import { objectKeys } from '../contracts/artifact.js';
import { RunStatus, StageProgress, type StageStatus } from '../contracts/run.js';
import { withArtifacts } from '../activities/stage/pipeline-activities.js';
import { runStatusQuery, runWorkflowId, stageWorkflowId } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';
import type { Session } from './session.js';

/** A run as its workflow knows it, or, when Temporal has forgotten it or no worker answers, as its record says. */
export async function runStatus(session: Session, run: string): Promise<RunStatus> {
  const { artifacts, objects } = await session.stores();
  const filed = await objects.get(objectKeys.run(run));
  if (filed !== null) return RunStatus.parse(JSON.parse(filed.toString('utf8')));
  const client = await session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(run));
  try {
    return await withArtifacts(await handle.query(runStatusQuery), artifacts);
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') {
      throw new CliError(
        EXIT.notFound,
        `there is no run "${run}", neither in Temporal nor in ${objects.description}`,
        'judo runs lists them.',
      );
    }
    throw error;
  }
}

/** What the running stage's activity said last, and how often it was tried; null between two attempts. */
export async function stageProgress(
  session: Session,
  stage: StageStatus,
): Promise<{ progress: StageProgress | null; attempt: number; lastFailure: string | null } | null> {
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
  return {
    progress: parsed?.success === true ? parsed.data : null,
    attempt: activity.attempt ?? 1,
    lastFailure: activity.lastFailure?.message ?? null,
  };
}

/** The document that `run`, `quickstart` and `show` print with `-o json`. */
export function runDocument(status: RunStatus, report: string | null, table: string | null) {
  return {
    schemaVersion: 1,
    run: status.run,
    state: status.state,
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
    report,
    table,
  };
}

export const exitCodeOf = (state: RunStatus['state']): number =>
  ({ completed: EXIT.ok, running: EXIT.ok, failed: EXIT.failed, blocked: EXIT.blocked, cancelled: EXIT.cancelled })[state];
