import type { Priority } from '@temporalio/common';
import type { Plan, SweepPlan } from '../contracts/plan.js';
import type { PipelineInput } from '../contracts/run.js';
import { queues } from '../temporal.config.js';
import { runWorkflowId } from '../workflows/messages.js';
import type { pipeline } from '../workflows/pipeline.js';
import { CliError, EXIT } from './exit-codes.js';
import type { Session } from './session.js';

/** `quickstart-20261121-020000z`: the name of a run that is given none. */
export function newRunName(name: string, at: Date): string {
  const stamp = at
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '')
    .replace('T', '-')
    .toLowerCase();
  return `${name}-${stamp}`;
}

export interface StartOptions extends Pick<PipelineInput, 'limits' | 'keepGoing'> {
  readonly run: string;
  readonly plan: Plan | SweepPlan;
  /** One line for the Temporal UI. */
  readonly summary: string;
  readonly priority?: Priority;
}

/** Files the plan and starts the run; a name that is taken is refused. */
export async function startRun(session: Session, options: StartOptions): Promise<void> {
  const { run, plan, summary, priority, limits, keepGoing } = options;
  const { plans } = await session.stores();
  const client = await session.temporal();
  const input: PipelineInput = {
    ...{ run, plan: await plans.file(plan), planName: plan.name },
    ...(limits === undefined ? {} : { limits }),
    ...(keepGoing === undefined ? {} : { keepGoing }),
  };
  try {
    await client.workflow.start<typeof pipeline>('pipeline', {
      workflowId: runWorkflowId(run),
      taskQueue: queues.pipeline,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: summary,
      searchAttributes: { JudoRun: [run], JudoRecipe: [plan.name], JudoState: ['running'] },
      ...(priority === undefined ? {} : { priority }),
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') {
      throw new CliError(EXIT.usage, `a run named "${run}" exists already`, `Choose another --name, or see it: judo show ${run}`);
    }
    throw error;
  }
}

/** Where a run is looked at, for people. */
export function whereToLook(session: Session, run: string): string {
  const { ui, address, namespace } = session.settings.temporal;
  const place = `${ui ?? `http://${address}`}/namespaces/${namespace}/workflows/${encodeURIComponent(runWorkflowId(run))}`;
  return `report: judo report ${run}    temporal: ${place}\n`;
}
