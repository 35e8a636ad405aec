import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { wilsonScore } from '../../activities/evaluation/wilson.js';
import { createNightlyActivities } from '../../activities/nightly/nightly-activities.js';
import { createNotify } from '../../activities/notices/notify.js';
import type { StageBody } from '../../activities/stage/context.js';
import { createPipelineActivities } from '../../activities/stage/pipeline-activities.js';
import { createPlanStore } from '../../activities/stage/plan-store.js';
import { createStageActivity } from '../../activities/stage/stage-activity.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { createWebhook } from '../../adapters/webhook/webhook.js';
import type { Session } from '../../cli/session.js';
import { SUBTASKS } from '../../contracts/question.js';
import type { ReportSummary } from '../../contracts/report-summary.js';
import { loadSettings } from '../../infra/settings.js';
import { queues } from '../../temporal.config.js';
import { startReceiver, type Answer } from '../notices/receiver.js';
import '../support/quiet-runtime.js';
import { writeSmallPlant } from '../synthesis/small-plant.js';

const SECRET = 'of the test';
const RECIPE = `schema: 1
name: small
model: tiny
data: { root: plant }
stages:
  seg-jux-data: {}
  report: {}
`;

/** Workers with the real nightly, pipeline and notice activities; stages whose bodies the test decides; a webhook that receives. */
export async function openNightLab(options: { address: string; namespace: string; answers?: readonly Answer[] }) {
  const directory = await mkdtemp(join(tmpdir(), 'judo-night-'));
  const recipe = join(directory, 'small.yaml');
  await writeFile(recipe, RECIPE);
  await writeSmallPlant(join(directory, 'plant'), { images: 1 });
  const receiver = await startReceiver(options.answers);
  const objects = createMemoryObjectStore();
  const artifacts = createArtifactStore({ objects, cacheDir: join(directory, 'cache') });
  const plans = createPlanStore(objects);
  const stores = { objects, artifacts, plans };

  const world = {
    /** Right answers of a thousand that the next reports tell of. */
    right: 800,
    /** What each stage waits for. */
    hold: Promise.resolve(),
    executed: [] as string[],
  };
  const stage = (body: StageBody) => createStageActivity({ artifacts, plans, workDir: join(directory, 'work') }, body);
  const findings = { summary: {}, standIns: [], environment: {} };
  const rows = stage(async ({ outputDirs, task }) => {
    world.executed.push(`${task.run}/${task.stage}`);
    await world.hold;
    await writeFile(join(outputDirs['rows']!, 'rows.jsonl'), '{}\n');
    return findings;
  });
  const report = stage(async ({ outputDirs, task }) => {
    world.executed.push(`${task.run}/${task.stage}`);
    await writeFile(join(outputDirs['report']!, 'summary.json'), JSON.stringify(summaryOf(task.run, world.right)));
    return findings;
  });

  const connection = await NativeConnection.connect({ address: options.address });
  const { namespace } = options;
  const common = { connection, namespace, stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '100ms' } as const;
  const notices = createNotify({
    notifier: createWebhook({ url: receiver.url, secret: SECRET }),
    linksOf: (run) => ({ temporal: `http://ui/${run}` }),
  });
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: queues.pipeline,
      workflowBundle: { codePath: inject('workflowBundle') },
      activities: { ...createPipelineActivities({ ...stores, raise: async () => undefined }) },
    }),
    Worker.create({
      ...common,
      taskQueue: queues.cpu,
      activities: { writeReport: report, ...createNightlyActivities(stores), ...notices, reportRun: async () => undefined },
    }),
    Worker.create({ ...common, taskQueue: queues.teacher, activities: { synthesizeSegmentationSet: rows } }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const client = new Client({ connection: await Connection.connect({ address: options.address }), namespace });
  const session: Session = {
    settings: loadSettings({ JUDO_HOME: directory }),
    stores: async () => stores,
    temporal: async () => client,
  };
  return {
    ...{ session, client, world, recipe, objects, plans, secret: SECRET },
    received: receiver.received,
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await client.connection.close();
      await connection.close();
      await receiver.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function summaryOf(run: string, right: number): ReportSummary {
  const average = wilsonScore(right, 1000);
  const columns = Object.fromEntries(SUBTASKS.map((subtask) => [subtask, null])) as ReportSummary['results'][number]['columns'];
  return {
    ...{ schemaVersion: 1, run, recipe: 'small', state: 'completed', command: 'judo run small.yaml', model: 'tiny', teacher: 'rehearsal' },
    ...{ standIns: [], startedAt: null, finishedAt: null, stageSeconds: 0, stages: [], published: [], trainedImages: null },
    ...{ teacherUsage: [], missing: [] },
    results: [
      {
        ...{ stage: 'mmad-eval', policy: 'After grpo', images: 'all', scoreProfile: 'strict', imageCount: 10, questions: 1000 },
        ...{ unparseable: 0, dropped: 0, micro: null, average, columns, datasets: [] },
      },
    ],
  };
}
