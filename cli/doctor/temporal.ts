import type { Connection } from '@temporalio/client';
import { StageError } from '../../contracts/failure.js';
import { SEARCH_ATTRIBUTES } from '../../infra/stack/temporal-server.js';
import type { Settings } from '../../infra/settings.js';
import { queues } from '../../temporal.config.js';
import type { Check, Verdict } from './check.js';

const START = '`judo up` starts the server of this machine; TEMPORAL_ADDRESS names another';
/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

/** Checks of the Temporal server: reachable, our search attributes, somebody polling each queue. */
export function temporalChecks({ temporal }: Settings): Check[] {
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
