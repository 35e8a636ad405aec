import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { whoResolved } from '../workflows/core/describe-run.js';
import { runQuery, runWorkflowId, type Signature } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';

/** gRPC's FAILED_PRECONDITION: another order, or the run's end, came between. The server has let go of this one. */
const LET_GO = 9;
const TRIES = 20;
const AGAIN_AFTER_MS = 50;

/**
 * Sends a person's order to a run. Two that come at once may throw each other out of the server's hands: each is sent again under
 * its id, so that it counts once. A run that ended meanwhile is told as that, with who decided last.
 */
export async function sendOrder<Result, Order extends Signature>(
  client: Client,
  run: string,
  update: UpdateDefinition<Result, [Order]>,
  order: Order,
): Promise<Result> {
  const handle = client.workflow.getHandle(runWorkflowId(run));
  const updateId = randomUUID();
  for (let tried = 1; ; tried += 1) {
    try {
      return await handle.executeUpdate(update, { args: [order], updateId });
    } catch (error) {
      const hasEnded = error instanceof Error && error.name === 'WorkflowNotFoundError';
      // Of a run that ended, once more: the order may be what ended it.
      if (tried < (hasEnded ? 2 : isLetGo(error) ? TRIES : 0)) await delay(AGAIN_AFTER_MS);
      else throw hasEnded ? await whyEnded(client, run) : error;
    }
  }
}

async function whyEnded(client: Client, run: string): Promise<CliError> {
  const { state, decisions } = await client.workflow.getHandle(runWorkflowId(run)).query(runQuery);
  return new CliError(EXIT.usage, `run ${run} has ended (${state})${whoResolved(decisions, null)}`, `A new run of it: judo restart ${run}`);
}

function isLetGo(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === LET_GO;
}
