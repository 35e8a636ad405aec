import { writeFile } from 'node:fs/promises';
import { createPlanStore } from '../activities/stage/plan-walk.js';
import { queues } from '../temporal.config.js';
import { runWorkflowId } from '../workflows/messages.js';
import type { pipeline } from '../workflows/pipeline.js';
import { CliError, EXIT } from './exit-codes.js';
import type { RunOptions } from './commands/run.js';
import { followRun } from './follow-run.js';
import { bytes, isLive } from './render/terminal.js';
import { resolveRecipe } from './resolve-recipe.js';
import { openSession, type Session } from './session.js';

/** Files the plan, starts the run, follows it. Resolves to the exit code. */
export async function runRecipe(file: string, options: RunOptions, session?: Session): Promise<number> {
  const open = session ?? (await openSession());
  const { artifacts, objects } = await open.stores();
  const client = await open.temporal();
  const startedAt = new Date();
  const force = Object.fromEntries(options.force.map((stage) => [stage, startedAt.toISOString()]));
  const live = isLive(process.stderr, options);
  const plan = await resolveRecipe(file, { ...options, force }, artifacts, 'save', {
    onProgress: ({ files, totalFiles, bytes: sent, totalBytes }) => {
      if (live) process.stderr.write(`\r\x1b[2Kreading data: ${files} of ${totalFiles} files, ${bytes(sent)} of ${bytes(totalBytes)}`);
    },
  });
  if (live) process.stderr.write('\r\x1b[2K');
  const digest = await createPlanStore(objects).file(plan);
  const run =
    options.name ??
    `${plan.name}-${startedAt
      .toISOString()
      .replaceAll(/[-:]|\.\d+/g, '')
      .replace('T', '-')
      .toLowerCase()}`;
  try {
    await client.workflow.start<typeof pipeline>('pipeline', {
      workflowId: runWorkflowId(run),
      taskQueue: queues.pipeline,
      args: [{ run, plan: digest, planName: plan.name }],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${plan.name}: ${plan.stages.length} stages, model ${plan.sources.model.name}, teacher ${plan.teacher.model}`,
      searchAttributes: { JudoRun: [run], JudoRecipe: [plan.name], JudoState: ['running'] },
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') {
      throw new CliError(EXIT.usage, `a run named "${run}" exists already`, `Choose another --name, or see it: judo show ${run}`);
    }
    throw error;
  }
  if (options.runIdFile !== undefined) await writeFile(options.runIdFile, `${run}\n`);
  if (options.output !== 'json') process.stdout.write(`${run}\n`);
  process.stderr.write(
    `report: judo report ${run}    temporal: ${open.settings.temporal.ui ?? `http://${open.settings.temporal.address}`}/namespaces/${open.settings.temporal.namespace}/workflows/${encodeURIComponent(runWorkflowId(run))}\n`,
  );
  if (options.detach === true) {
    process.stderr.write(`follow it: judo watch ${run}\n`);
    if (options.output === 'json')
      process.stdout.write(`${JSON.stringify({ schemaVersion: 1, run, state: 'running', stages: [], report: null, table: null })}\n`);
    return EXIT.ok;
  }
  return followRun(open, run, options);
}
