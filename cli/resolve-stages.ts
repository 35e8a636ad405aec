import { resolveStageUpdate, runStatusQuery, runWorkflowId } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';
import type { Session } from './session.js';

/** Sends a decision for one blocked stage, or for all of them. Returns the stages it was sent for. */
export async function resolveStages(
  session: Session,
  run: string,
  stage: string | undefined,
  action: 'retry' | 'abort',
  reason: string | undefined,
): Promise<string[]> {
  const client = await session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(run));
  const status = await handle.query(runStatusQuery);
  const stages = stage === undefined ? status.stages.filter((one) => one.outcome === 'blocked').map((one) => one.stage) : [stage];
  if (stages.length === 0) throw new CliError(EXIT.usage, `no stage of run ${run} is blocked`, `judo show ${run}`);
  for (const one of stages)
    await handle.executeUpdate(resolveStageUpdate, { args: [{ stage: one, action, ...(reason === undefined ? {} : { reason }) }] });
  return stages;
}
