import { RunState, type RunStatus } from '../contracts/run.js';
import { listRunRecords, readRunRecords, runOfKey } from '../activities/retention/run-records.js';
import { searchAttribute } from './search-attribute.js';
import type { Session } from './session.js';

export interface RunRow {
  readonly run: string;
  readonly state: RunState;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly recipe: string;
  /** Who told: Temporal, or, where its retention has ended, the run's own record. */
  readonly from: 'temporal' | 'record';
}

export interface RunList {
  /** Newest first. */
  readonly runs: readonly RunRow[];
  /** Why the list may not be whole. */
  readonly notes: readonly string[];
}

const CLOSED: Readonly<Record<string, RunState>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TERMINATED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'cancelled',
};
/** Records that are read at once, while more are wanted. */
const BATCH = 50;

/** As `findRuns`, for who needs the rows alone; what is missing is told on stderr. */
export async function listRuns(session: Session, limit: number): Promise<readonly RunRow[]> {
  const { runs, notes } = await findRuns(session, { limit });
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return runs;
}

/**
 * Runs that Temporal lists, and those that it has forgotten, from their records. Needs no worker; where one of the two servers
 * does not answer, the other's runs, with a note.
 */
export async function findRuns(session: Session, options: { limit: number; state?: RunState }): Promise<RunList> {
  const [live, records] = await Promise.allSettled([temporalRuns(session, options), recordsOf(session)]);
  if (live.status === 'rejected' && (records.status === 'rejected' || isRefusal(live.reason))) throw live.reason;
  const notes = [
    ...(live.status === 'rejected' ? [`from the runs' records alone: ${textOf(live.reason)}`] : []),
    ...(records.status === 'rejected' ? [`only the runs that Temporal remembers: ${textOf(records.reason)}`] : []),
  ];
  const runs = live.status === 'fulfilled' ? [...live.value.rows] : [];
  if (records.status === 'fulfilled') {
    const known = live.status === 'fulfilled' ? live.value.seen : new Set();
    const { objects } = await session.stores();
    const unknown = records.value.filter(({ key }) => !known.has(runOfKey(key)));
    for (let from = 0, found = 0; from < unknown.length && found < options.limit; from += BATCH) {
      const rows = (await readRunRecords(objects, unknown.slice(from, from + BATCH))).map(rowOf).filter((row) => isWanted(row, options));
      found += rows.length;
      runs.push(...rows);
    }
  }
  runs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return { runs: runs.slice(0, options.limit), notes };
}

/** gRPC's PERMISSION_DENIED and UNAUTHENTICATED: a server that answers so, or knows no such namespace, is not away. */
const REFUSALS: ReadonlySet<unknown> = new Set([7, 16]);

const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'NamespaceNotFoundError' ||
    [error, error.cause].some((one) => one instanceof Error && 'code' in one && REFUSALS.has(one.code)));

const isWanted = (row: RunRow, { state }: { state?: RunState }): boolean => state === undefined || row.state === state;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const recordsOf = async (session: Session) => listRunRecords((await session.stores()).objects);

const rowOf = ({ run, state, startedAt, finishedAt, planName }: RunStatus): RunRow => ({
  ...{ run, state, startedAt, finishedAt },
  recipe: planName,
  from: 'record',
});

/** The wanted runs, and the names of all that were passed on the way. */
async function temporalRuns(
  session: Session,
  options: { limit: number; state?: RunState },
): Promise<{ rows: RunRow[]; seen: Set<string> }> {
  const client = await session.temporal();
  const rows: RunRow[] = [];
  const query = "WorkflowType = 'pipeline'";
  const seen = new Set<string>();
  for await (const execution of client.workflow.list({ query, pageSize: Math.min(options.limit, 100) })) {
    const upserted = RunState.safeParse(searchAttribute(execution, 'JudoState'));
    const run = execution.workflowId.replace(/^run\//, '');
    // An execution that continued as new is the same run's earlier part.
    if (execution.status.name === 'CONTINUED_AS_NEW' || seen.has(run)) continue;
    seen.add(run);
    const row: RunRow = {
      run,
      state: CLOSED[execution.status.name] ?? (upserted.success ? upserted.data : 'running'),
      startedAt: execution.startTime.toISOString(),
      finishedAt: execution.closeTime?.toISOString() ?? null,
      recipe: searchAttribute(execution, 'JudoRecipe') ?? '',
      from: 'temporal',
    };
    if (isWanted(row, options)) rows.push(row);
    if (rows.length >= options.limit) break;
  }
  return { rows, seen };
}
