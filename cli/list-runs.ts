import { RunState } from '../contracts/run.js';
import type { Session } from './session.js';

export interface RunRow {
  readonly run: string;
  readonly state: RunState;
  readonly startedAt: string;
  readonly recipe: string;
}

const CLOSED: Readonly<Record<string, RunState>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TERMINATED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'cancelled',
};

/** Runs as Temporal's visibility lists them, newest first. Needs no worker. */
export async function listRuns(session: Session, limit: number): Promise<RunRow[]> {
  const client = await session.temporal();
  const rows: RunRow[] = [];
  for await (const execution of client.workflow.list({ query: "WorkflowType = 'pipeline'", pageSize: Math.min(limit, 100) })) {
    const attribute = (name: string) => (execution.searchAttributes as Record<string, readonly unknown[] | undefined>)[name]?.[0];
    const recipe = attribute('JudoRecipe');
    const upserted = RunState.safeParse(attribute('JudoState'));
    rows.push({
      run: execution.workflowId.replace(/^run\//, ''),
      state: CLOSED[execution.status.name] ?? (upserted.success ? upserted.data : 'running'),
      startedAt: execution.startTime.toISOString(),
      recipe: typeof recipe === 'string' ? recipe : '',
    });
    if (rows.length >= limit) break;
  }
  return rows;
}
