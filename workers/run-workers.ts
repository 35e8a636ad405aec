import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Settings } from '../infra/settings.js';
import { removeAbandonedScratch } from './abandoned-scratch.js';

const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** Workflow code: the bundle that set-up built, or the sources when running from them. */
export const workflowCode = (): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> =>
  existsSync(BUNDLE)
    ? { workflowBundle: { codePath: BUNDLE } }
    : { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };

/** What every worker of ours is told. A killed worker must cost a second, not ten; a cancellation must arrive at once. */
const COMMON = {
  stickyQueueScheduleToStartTimeout: '1s',
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
} as const;

/** Runs workers until SIGTERM or SIGINT; then lets their activities end (trainers checkpoint) and exits. */
export async function runWorkers(settings: Settings, options: readonly Omit<WorkerOptions, 'connection' | 'namespace'>[]): Promise<void> {
  Runtime.install({ shutdownSignals: [] });
  await removeAbandonedScratch(join(settings.home, 'scratch'));
  const connection = await connectPatiently(settings);
  const workers = await Promise.all(
    options.map((one) => Worker.create({ ...COMMON, ...one, connection, namespace: settings.temporal.namespace })),
  );
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  console.log(`ready: ${options.map((one) => one.taskQueue).join(', ')}`);
  await Promise.all(workers.map((worker) => worker.run()));
  await connection.close();
}

/** The server may still be starting, or be away for a moment: wait for it. */
async function connectPatiently(settings: Settings): Promise<NativeConnection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await NativeConnection.connect(settings.temporal.connectionOptions);
    } catch (error) {
      if (attempt === 60) throw error;
      if (attempt === 1) console.error(`waiting for Temporal at ${settings.temporal.address}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
