import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createArtifactStore } from '../activities/artifacts/artifact-store.js';
import { createPipelineActivities } from '../activities/stage/pipeline-activities.js';
import { createPlanStore } from '../activities/stage/plan-store.js';
import { createStageActivity } from '../activities/stage/stage-activity.js';
import type { Plan } from '../contracts/plan.js';
import { queues } from '../temporal.config.js';
import { WORKFLOW_BUNDLE } from '../workers/run-workers.js';
import type { NoticeActivities } from '../workflows/activity-types.js';
import { runWorkflowId } from '../workflows/messages.js';
import type { pipeline } from '../workflows/pipeline.js';
import type { bareActivities, barePipeline } from './bare-workflows.js';
import { openBucket, type BenchServers } from './servers.js';

export interface BenchWorkers {
  /** A whole run of a plan by our pipeline. Fails when a stage is blocked: nobody is there to resolve it. */
  run(plan: Plan): Promise<void>;
  /** The same number of stages, written bare on the Temporal SDK. */
  runBare(workflow: 'barePipeline' | 'bareActivities', stages: number): Promise<void>;
}

/** Our workers and the bare ones, in this process, while `use` needs them. */
export async function withWorkers<Result>(servers: BenchServers, use: (workers: BenchWorkers) => Promise<Result>): Promise<Result> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const objects = await openBucket(servers, 'bench');
  const artifacts = createArtifactStore({ objects, cacheDir: join(servers.directory, 'cache') });
  const plans = createPlanStore(objects);
  // A no-op makes nothing: its output is the empty tree. The key, the record and the look at both are the pipeline's own cost.
  const noOp = createStageActivity({ artifacts, plans, workDir: join(servers.directory, 'scratch') }, async () => ({
    summary: {},
    standIns: [],
    environment: {},
  }));
  let fail: (blocked: Error) => void = () => undefined;
  const blocked = new Promise<never>((_, reject) => (fail = reject));
  blocked.catch(() => undefined); // told by the run that waits
  const notify: NoticeActivities['notify'] = async ({ text }) => fail(new Error(text));
  const connection = await NativeConnection.connect({ address: servers.temporalAddress });
  const bare = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./bare-workflows.js', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: queues.pipeline,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      activities: { ...createPipelineActivities({ artifacts, objects, plans, raise: async () => undefined }) },
    }),
    Worker.create({ connection, taskQueue: queues.cpu, activities: { noOp, notify, reportRun: async () => undefined } }),
    Worker.create({ connection, taskQueue: 'bench-bare', workflowBundle: bare, activities: { bareActivity: async (n: number) => n } }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const client = new Client({ connection: await Connection.connect({ address: servers.temporalAddress }) });
  let executions = 0;
  try {
    return await use({
      async run(plan) {
        const run = `bench-${executions++}`;
        const ended = client.workflow.execute<typeof pipeline>('pipeline', {
          workflowId: runWorkflowId(run),
          workflowExecutionTimeout: '3m',
          taskQueue: queues.pipeline,
          args: [{ run, plan: await plans.file(plan), planName: 'bench' }],
        });
        await Promise.race([ended, blocked]);
      },
      async runBare(workflow, stages) {
        await client.workflow.execute<typeof barePipeline | typeof bareActivities>(workflow, {
          workflowId: `bare/${executions++}`,
          workflowExecutionTimeout: '3m',
          taskQueue: 'bench-bare',
          args: [stages],
        });
      },
    });
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await client.connection.close();
    await connection.close();
  }
}
