import { Connection } from '@temporalio/client';
import { createTaskQueuePreemption } from '../adapters/task-queue/preemption.js';
import { loadSettings } from '../infra/settings.js';
import { preemptionLookMs, queues, stopGraceMs } from '../temporal.config.js';
import { visibleGpus } from './gpus.js';
import { gpuActivities } from './stage-activities.js';
import { openStores } from './stores.js';
import { runWorkers } from './run-workers.js';

/** The GPU host: takes one job at a time on this machine's GPUs (or on its CPU, where there is none) and supervises its process. */
const settings = loadSettings();
const gpus = await visibleGpus();
const { namespace, connectionOptions } = settings.temporal;
const connect = () => Connection.connect(connectionOptions);
const preemption = createTaskQueuePreemption({ connect, namespace, taskQueue: queues.gpu, everyMs: preemptionLookMs });
const deps = { ...openStores(settings), settings, preemption };
console.log(gpus.length === 0 ? 'no GPU: jobs run on the CPU' : `GPUs: ${gpus.join(', ')}`);

await runWorkers(settings, [
  {
    taskQueue: queues.gpu,
    activities: gpuActivities(deps, gpus),
    maxConcurrentActivityTaskExecutions: 1,
    // A host that is asked to stop lets its trainer checkpoint first.
    shutdownGraceTime: 1000,
    shutdownForceTime: stopGraceMs + 30_000,
  },
]);
process.exit(0);
