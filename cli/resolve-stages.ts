import { whoResolved } from '../workflows/core/describe-run.js';
import { resolveStageUpdate, runQuery, runWorkflowId, type ResolveOrder } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';
import { findRun } from './find-run.js';
import { forcedLabels, previewEdit, renderPreview } from './preview-edit.js';
import { readPatches } from './read-patches.js';
import { sendOrder } from './send-order.js';
import type { Session } from './session.js';
import { signature } from './signature.js';

export interface ResolveOptions {
  readonly action: ResolveOrder['action'];
  /** `key=value` words that change parameters of the blocked stages. */
  readonly set: readonly string[];
  /** Stages that run again too. */
  readonly force: readonly string[];
  /** A stage that runs again with everything that depends on it. */
  readonly from?: string;
  readonly reason?: string;
}

/** Sends a decision for one blocked stage, or for all of them, after telling what it will do. Returns the stages it was for. */
export async function resolveStages(session: Session, word: string, stage: string | undefined, options: ResolveOptions): Promise<string[]> {
  const stores = await session.stores();
  const run = await findRun(session, word, { exact: true });
  const client = await session.temporal();
  const live = await client.workflow.getHandle(runWorkflowId(run)).query(runQuery);
  const blocked = live.live.filter((one) => one.state === 'blocked').map((one) => one.stage);
  const stages = stage === undefined ? blocked : blocked.filter((one) => one === stage || one.endsWith(`/${stage}`));
  const isStoreBack = live.lost !== undefined && stage === undefined && options.action === 'retry';
  if (stages.length === 0 && !isStoreBack) {
    const why = stage === undefined || blocked.length === 0 ? 'no stage is blocked' : `blocked: ${blocked.join(', ')}`;
    throw new CliError(
      EXIT.usage,
      `${stage === undefined ? 'nothing to decide' : `stage ${stage} is not blocked`} in run ${run} (${live.state}); ${why}${whoResolved(live.decisions, stage ?? null)}`,
      live.finishedAt === null ? `judo show ${run}` : `The run has ended. A new run of it: judo restart ${run}`,
    );
  }
  const plans = await stores.plans.loadAll(live.plan);
  const patch = readPatches(options.set);
  const force = forcedLabels(plans, options.force, options.from);
  if (options.action === 'retry') {
    const preview = await previewEdit(stores, plans, { stages, patch, force, nonce: 'preview' });
    process.stderr.write(renderPreview(preview));
  }
  const order: ResolveOrder = { stages: isStoreBack ? null : stages, action: options.action, patch, force, ...signature(options.reason) };
  return (await sendOrder(client, run, resolveStageUpdate, order)).stages;
}
