import { runWorkflowId } from '../workflows/messages.js';
import { confirm } from './confirm.js';
import { findRun } from './find-run.js';
import { followRun } from './follow-run.js';
import { openSession } from './session.js';

/** Asks, cancels, and waits until the run's stages have ended. One that has ended already is left as it is, and said to be. */
export async function cancelRun(word: string, yes: boolean): Promise<void> {
  const session = await openSession();
  const run = await findRun(session, word, { exact: true });
  const client = await session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(run));
  const { status } = await handle.describe();
  if (status.name !== 'RUNNING') {
    process.stderr.write(`run ${run} has ended already (${status.name.toLowerCase()}): nothing to cancel\n`);
    return;
  }
  await confirm(`cancel run ${run}?`, yes);
  await handle.cancel();
  process.stderr.write('asked; waiting for its stages to checkpoint and end\n');
  await followRun(session, run, { progress: false });
}
