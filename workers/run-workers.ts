import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Settings } from '../infra/settings.js';
import { removeAbandonedScratch } from './abandoned-scratch.js';

/** The bundle of the workflows that set-up built. */
export const WORKFLOW_BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** What every worker of ours is told. A killed worker must cost a second, not ten; a cancellation must arrive at once. */
const COMMON = {
  stickyQueueScheduleToStartTimeout: '1s',
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
} as const;

type OneWorker = Omit<WorkerOptions, 'connection' | 'namespace'>;

/** A process that runs workers. */
export interface WorkerHost {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Starts a worker, which ends with the process, or in order when `end` is called. */
  start(options: OneWorker): Promise<{ end(): Promise<void> }>;
}

/**
 * Runs workers, and what `more` starts, until SIGTERM or SIGINT; then lets their activities end (trainers checkpoint) and returns.
 * Says `ready:` when all of them poll.
 */
export async function runWorkers(
  settings: Settings,
  options: readonly OneWorker[],
  more: (host: WorkerHost) => Promise<void> = async () => undefined,
): Promise<void> {
  Runtime.install({ shutdownSignals: [] });
  // The log is a file: on a full disk a line is lost, never the worker and what it has in its hands.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  await removeAbandonedScratch(join(settings.home, 'scratch'));
  const connection = await connectPatiently(settings);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const { host, running, failed, end } = openHost(connection, settings.temporal.namespace, stop.signal);
  await Promise.race([Promise.all([...options.map((one) => host.start(one)), more(host)]), failed, stopped]);
  if (!stop.signal.aborted) console.log(`ready: ${running().join(', ')}`);
  await Promise.race([stopped, failed]);
  await end();
  await connection.close();
}

/** A host, the queues of its workers, a promise that rejects when one of them breaks, and how to end them all. */
export function openHost(connection: NativeConnection, namespace: string, signal: AbortSignal) {
  const workers = new Set<{ queue: string; end(): Promise<void> }>();
  let fail: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const host: WorkerHost = {
    connection,
    namespace,
    signal,
    async start(options) {
      const worker = await Worker.create({ ...COMMON, ...options, connection, namespace });
      const run = worker.run();
      run.catch(fail);
      const one = {
        queue: options.taskQueue,
        async end() {
          if (worker.getState() === 'RUNNING') worker.shutdown();
          await run;
          workers.delete(one);
        },
      };
      workers.add(one);
      return one;
    },
  };
  const end = async () => void (await Promise.all([...workers].map((one) => one.end())));
  return { host, running: () => [...new Set([...workers].map(({ queue }) => queue))], failed, end };
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
