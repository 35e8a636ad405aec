import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createArtifactStore } from '../activities/artifacts/artifact-store.js';
import { createPipelineActivities } from '../activities/stage/pipeline-activities.js';
import { createPlanStore } from '../activities/stage/plan-store.js';
import { createStageActivity } from '../activities/stage/stage-activity.js';
import { createS3ObjectStore, ensureBucket } from '../adapters/object-store/s3.js';
import type { Plan, PlanStage } from '../contracts/plan.js';
import { queues } from '../temporal.config.js';
import { workflowCode } from '../workers/run-workers.js';
import type { pipeline } from '../workflows/pipeline.js';
import type { bareActivities, barePipeline } from './bare-workflows.js';
import { byTurns, milliseconds, ratioRow, type BenchResult } from './result.js';
import type { BenchServers } from './servers.js';

const STAGES = 6;
const ROUNDS = 8;
const NOTHING = { digest: '0'.repeat(64), files: 0, bytes: 0 };

/** Six no-op stages in a chain; `nonce` makes their keys new. */
function planOf(nonce: number): Plan {
  const ids = Array.from({ length: STAGES }, (_, n) => `stage-${n}`);
  return {
    schemaVersion: 1,
    name: 'bench',
    command: 'npm run bench',
    sources: { data: { artifact: NOTHING, root: '/', demoPlant: false }, model: { artifact: NOTHING, name: 'tiny', tiny: true } },
    teacher: { model: 'rehearsal' },
    runtime: { gpus: 1, deviceBatch: { sft: 1, grpo: 1, infer: 1 }, checkpointEverySteps: 1, teacherConcurrency: 1, preemptible: false },
    stages: ids.map((id, n): PlanStage => ({
      id,
      kind: 'no-op',
      title: id,
      implementationVersion: 1,
      queue: 'cpu',
      activity: 'noOp',
      params: { nonce },
      inputs: n === 0 ? {} : { before: { from: 'stage', stage: ids[n - 1]!, output: 'out' } },
      outputs: ['out'],
    })),
  };
}

/** Our pipeline beside the same shape written bare on the Temporal SDK. */
export async function benchPipeline(servers: BenchServers): Promise<BenchResult[]> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const s3 = { bucket: 'bench', endpoint: servers.s3.endpoint, region: 'us-east-1', credentials: servers.s3.credentials };
  await ensureBucket(s3);
  const objects = createS3ObjectStore(s3);
  const artifacts = createArtifactStore({ objects, cacheDir: join(servers.directory, 'cache') });
  const plans = createPlanStore(objects);
  // A no-op makes nothing: its output is the empty tree. The key, the record and the look at both are the pipeline's own cost.
  const noOp = createStageActivity({ artifacts, plans, workDir: join(servers.directory, 'scratch') }, async () => ({
    summary: {},
    standIns: [],
    environment: {},
  }));
  const connection = await NativeConnection.connect({ address: servers.temporalAddress });
  const bare = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./bare-workflows.js', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: queues.pipeline,
      ...workflowCode(),
      activities: { ...createPipelineActivities({ artifacts, objects, plans }) },
    }),
    Worker.create({ connection, taskQueue: queues.cpu, activities: { noOp } }),
    Worker.create({ connection, taskQueue: 'bench-bare', workflowBundle: bare, activities: { bareActivity: async (n: number) => n } }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const client = new Client({ connection: await Connection.connect({ address: servers.temporalAddress }) });
  let executions = 0;
  const run = async (plan: Plan) => {
    const digest = await plans.file(plan);
    await client.workflow.execute<typeof pipeline>('pipeline', {
      workflowId: `bench/${executions++}`,
      taskQueue: queues.pipeline,
      args: [{ run: `bench-${executions}`, plan: digest, planName: 'bench' }],
    });
  };
  const runBare = (workflow: 'barePipeline' | 'bareActivities') =>
    client.workflow.execute<typeof barePipeline | typeof bareActivities>(workflow, {
      workflowId: `bench/${executions++}`,
      taskQueue: 'bench-bare',
      args: [STAGES],
    });
  try {
    await run(planOf(-1)); // both workers warm
    await runBare('barePipeline');
    await runBare('bareActivities');
    const children = await byTurns(
      ROUNDS,
      (round) => run(planOf(round)),
      () => runBare('barePipeline'),
    );
    const activities = await byTurns(
      ROUNDS,
      (round) => run(planOf(1000 + round)),
      () => runBare('bareActivities'),
    );
    let cached = Infinity;
    for (let round = 0; round < ROUNDS; round++) cached = Math.min(cached, await milliseconds(() => run(planOf(0))));
    return [
      ratioRow('six no-op stages / six bare child workflows', children, 1.2),
      { ...ratioRow('six no-op stages / six bare activities', activities, Infinity), aim: 'told, no aim', met: true },
      { name: 'six stages, all cached', unit: 'ms', ours: cached, baseline: null, ratio: null, aim: '< 200 ms', met: cached < 200 },
    ];
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await client.connection.close();
    await connection.close();
  }
}
