import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { sha256Of } from '../activities/artifacts/hash-file.js';
import { isNotFound } from '../adapters/task-queue/grpc.js';
import { workflowBuilds } from '../adapters/task-queue/workflow-builds.js';
import { objectKeys } from '../contracts/artifact.js';
import type { ObjectStore } from '../contracts/ports/object-store.js';
import { deploymentName } from '../temporal.config.js';
import type { WorkerHost } from './run-workers.js';

const KNOWN_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 50;

/** Names a build by its code: what changes nothing in the workflows is the same build. */
export const workflowBuildId = (code: string): string => sha256Of(code).slice(0, 16);

export interface WorkflowBuildsOptions {
  /** The workflow bundle of this checkout. */
  readonly code: string;
  readonly objects: ObjectStore;
  readonly worker: Omit<WorkerOptions, 'connection' | 'namespace' | 'workflowBundle' | 'workflowsPath'>;
  /** How often it looks which builds runs still need. */
  readonly everyMs: number;
}

/**
 * Serves the workflow queue. A run keeps to the build of the workflows that it began with (Temporal's PINNED), so that no change
 * can break a history of weeks; a bundle is one file, so this process runs the builds of open runs beside its own, from the
 * bucket. Makes its own build the one that new runs begin with; resolves when that is so and every needed build is served.
 */
export async function serveWorkflowBuilds(host: WorkerHost, options: WorkflowBuildsOptions): Promise<void> {
  const { code, objects, worker, everyMs } = options;
  const own = workflowBuildId(code);
  const served = new Map<string, { end(): Promise<void> }>();
  const missing = new Set<string>();
  const removed = new Set<string>();

  async function serve(build: string, bundle: string): Promise<void> {
    const version = { deploymentName, buildId: build };
    const workerDeploymentOptions = { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } as const;
    served.set(build, await host.start({ ...worker, workflowBundle: { code: bundle }, workerDeploymentOptions }));
  }

  async function look(): Promise<void> {
    const filed = objectKeys.workflowBuild(own);
    if ((await objects.head(filed)) === null) await objects.put(filed, code, { ifAbsent: true, contentType: 'text/javascript' });
    const { needed, drained } = await workflowBuilds(host.connection, { namespace: host.namespace, deploymentName });
    for (const build of needed) {
      removed.delete(build);
      if (served.has(build)) continue;
      const bundle = await readBuild(objects, build);
      if (bundle !== null) await serve(build, bundle);
      else if (!missing.has(build)) {
        missing.add(build);
        console.error(
          `runs that began with workflow build ${build} wait: its code is not at ${objectKeys.workflowBuild(build)} in ${objects.description}. ` +
            `Start a worker of that build once, or restart those runs (judo restart).`,
        );
      }
    }
    for (const build of drained) {
      if (build === own || removed.has(build)) continue;
      await served.get(build)?.end();
      served.delete(build);
      await objects.delete(objectKeys.workflowBuild(build));
      removed.add(build);
    }
  }

  // A store or a server that is away is asked again: what is served stays served.
  const lookIfPossible = () =>
    look().catch((error: unknown) => void (host.signal.aborted || console.error('workflow builds were not looked up:', error)));
  await serve(own, code);
  await makeCurrent(host, own);
  await lookIfPossible();
  void repeat(lookIfPossible, everyMs, host.signal);
}

/** Does it again and again, until the process is asked to end. */
async function repeat(again: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    await again();
  }
}

/** The filed code of a build; null when it is not there, or is not what its name says. */
async function readBuild(objects: ObjectStore, build: string): Promise<string | null> {
  const code = (await objects.get(objectKeys.workflowBuild(build)))?.toString('utf8');
  return code !== undefined && workflowBuildId(code) === build ? code : null;
}

/** New runs begin with this build from now on. The server knows a build once one of its workers polls. */
async function makeCurrent({ connection, namespace }: WorkerHost, buildId: string): Promise<void> {
  const request = { namespace, deploymentName, buildId, identity: `judo ${process.pid}`, ignoreMissingTaskQueues: true };
  for (const started = Date.now(); ; await delay(LOOK_AGAIN_MS)) {
    const error = await setCurrent(connection, request).catch((problem: unknown) => problem);
    if (error === undefined) return;
    if (!isNotFound(error) || Date.now() - started > KNOWN_WITHIN_MS) throw error;
  }
}

type SetCurrentRequest = Parameters<NativeConnection['workflowService']['setWorkerDeploymentCurrentVersion']>[0];

async function setCurrent({ workflowService }: NativeConnection, request: SetCurrentRequest): Promise<undefined> {
  await workflowService.setWorkerDeploymentCurrentVersion(request);
}
