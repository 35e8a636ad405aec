import type { RunStatus } from '../contracts/run.js';
import { runStatus as statusOf } from '../activities/stage/run-status.js';
import { filedStatus, runStatus } from './run-view.js';
import type { Session } from './session.js';

/** A worker that is there answers a query in milliseconds. */
const ANSWER_WITHIN_MS = 4_000;

/**
 * A run as far as it can be known now. Its workflow answers only while a worker is up; without one, what the record store says
 * is told, and stderr says that stages in flight are missing from it.
 */
export async function knownStatus(session: Session, run: string): Promise<RunStatus> {
  const filed = await filedStatus(session, run);
  if (filed !== null && filed.finishedAt !== null) return filed;
  const client = await session.temporal();
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => runStatus(session, run));
  } catch (error) {
    if (filed === null || !(error instanceof Error) || error.name !== 'ServiceError') throw error;
    process.stderr.write('no worker answers (`judo up` starts them): shown is what is filed, without what is in flight\n');
    return statusOf({ ...filed, live: [] }, await session.stores());
  }
}
