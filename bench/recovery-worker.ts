import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { createPipelineActivities } from '../activities/stage/pipeline-activities.js';
import { createStageActivity } from '../activities/stage/stage-activity.js';
import { loadSettings } from '../infra/settings.js';
import { queues } from '../temporal.config.js';
import { runWorkers } from '../workers/run-workers.js';
import { openStores } from '../workers/stores.js';
import { BEAT_EVERY_MS, type Attempt } from './recovery-terms.js';

/**
 * The process that the recovery benchmark kills: our workers and the bare one, told alike when a worker is dead. Prints a line
 * for each attempt that begins. Arguments: the two workflow bundles.
 */
const [ours = '', bare = ''] = process.argv.slice(2);
const settings = loadSettings();
const stores = openStores(settings);

/** Says that an attempt begins; the first one at the long stage works until the process is killed. */
async function work(attempt: Omit<Attempt, 'at'>, beat: () => void): Promise<void> {
  console.log(JSON.stringify({ ...attempt, at: Date.now() } satisfies Attempt));
  while (attempt.stage === 'long' && attempt.attempt === 1) {
    beat();
    await Context.current().sleep(BEAT_EVERY_MS);
  }
}

const noOp = createStageActivity({ ...stores, workDir: join(settings.home, 'scratch') }, async ({ stage, task, attempt, onProgress }) => {
  const progress = { phase: 'working', done: 0, total: 0, unit: '', metrics: {}, checkpointStep: null };
  await work({ side: 'ours', run: task.run, stage: stage.id, attempt }, () => onProgress(progress));
  return { summary: {}, standIns: [], environment: {} };
});

async function bareWork(stage: string): Promise<void> {
  const { info, heartbeat } = Context.current();
  await work({ side: 'bare', run: info.workflowExecution?.workflowId ?? '', stage, attempt: info.attempt }, () => heartbeat());
}

await runWorkers(settings, [
  {
    taskQueue: queues.pipeline,
    workflowBundle: { codePath: ours },
    activities: { ...createPipelineActivities({ ...stores, raise: async () => undefined }) },
  },
  { taskQueue: queues.cpu, activities: { noOp } },
  { taskQueue: 'bench-bare', workflowBundle: { codePath: bare }, activities: { bareWork } },
]);
process.exit(0);
