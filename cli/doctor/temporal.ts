import type { Connection } from '@temporalio/client';
import { StageError } from '../../contracts/failure.js';
import { SEARCH_ATTRIBUTES } from '../../infra/stack/temporal-server.js';
import { createS3ObjectStore } from '../../adapters/object-store/s3.js';
import { ACTIVITY_TASKS, WORKFLOW_TASKS } from '../../adapters/task-queue/grpc.js';
import { workflowBuilds } from '../../adapters/task-queue/workflow-builds.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { Settings } from '../../infra/settings.js';
import { deploymentName, queues } from '../../temporal.config.js';
import type { Check, Verdict } from './check.js';

const START = '`judo up` starts the server of this machine; TEMPORAL_ADDRESS names another';

/** Checks of the Temporal server: reachable, our search attributes, somebody polling each queue, the code of open runs there. */
export function temporalChecks(settings: Settings): Check[] {
  const { temporal } = settings;
  let opened: Promise<Connection> | undefined;
  const connection = (): Promise<Connection> => (opened ??= connect(temporal));
  return [
    { name: 'temporal server', remedy: START, look: async () => server(await connection(), temporal) },
    { name: 'search attributes', remedy: 'judo doctor --fix', look: async () => searchAttributes(await connection(), temporal.namespace) },
    ...Object.entries(queues).map(([name, queue]) => ({
      name: `worker on ${queue}`,
      remedy: '`judo up` starts the workers of this machine; their logs are in JUDO_HOME/logs',
      look: async () => pollers(await connection(), temporal.namespace, queue, name === 'pipeline' ? WORKFLOW_TASKS : ACTIVITY_TASKS),
    })),
    {
      name: 'workflow builds',
      remedy: 'start a worker of that build once, or restart its runs (judo restart)',
      look: async () => builds(await connection(), settings),
    },
  ];
}

async function connect({ connectionOptions, address }: Settings['temporal']): Promise<Connection> {
  const { Connection } = await import('@temporalio/client');
  try {
    return await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
  } catch (error) {
    throw new StageError({ type: 'Transient', message: `${address} cannot be reached`, remedy: START }, { cause: error });
  }
}

async function server(connection: Connection, { address, namespace }: Settings['temporal']): Promise<Verdict> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  await connection.workflowService.describeNamespace({ namespace });
  return { ok: `${serverVersion} at ${address}, namespace ${namespace}` };
}

async function searchAttributes(connection: Connection, namespace: string): Promise<Verdict> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  return missing.length === 0 ? { ok: SEARCH_ATTRIBUTES.join(', ') } : { fail: `missing: ${missing.join(', ')}` };
}

async function pollers(connection: Connection, namespace: string, queue: string, taskQueueType: number): Promise<Verdict> {
  const described = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType });
  const count = described.pollers?.length ?? 0;
  return count === 0 ? { fail: 'nobody polls it' } : { ok: `${count} polling` };
}

/** Runs keep to the build that they began with: its code must be where any worker finds it. */
async function builds(connection: Connection, { temporal: { namespace }, s3 }: Settings): Promise<Verdict> {
  const { current, needed } = await workflowBuilds(connection, { namespace, deploymentName });
  if (current === null) return { warn: 'none yet', remedy: '`judo up` starts the workers of this machine' };
  const objects = createS3ObjectStore(s3);
  const filed = await Promise.all(needed.map(async (build) => (await objects.head(objectKeys.workflowBuild(build))) !== null));
  const missing = needed.filter((_, at) => !filed[at]);
  if (missing.length > 0) return { fail: `the code of ${missing.join(', ')} is not in ${objects.description}` };
  const others = needed.length - 1;
  return { ok: `${current} is current${others === 0 ? '' : `; ${others} more kept for the runs that began with them`}` };
}
