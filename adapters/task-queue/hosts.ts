import { hostname } from 'node:os';
import type { Connection } from '@temporalio/client';
import type { Hosts } from '../../contracts/ports/hosts.js';
import { ACTIVITY_TASKS } from './grpc.js';

/** A worker that lives asks again within a minute, the length of Temporal's long poll. */
const ALIVE_MS = 70_000;

export interface TaskQueueHostsOptions {
  /** Asked for once it is needed, which is rarely. */
  readonly connect: () => Promise<Pick<Connection, 'workflowService'>>;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly here?: string;
}

/** The hosts that poll a queue. A worker's identity is Temporal's default, `<process>@<host>`. */
export function createTaskQueueHosts({ connect, namespace, taskQueue, here = hostname() }: TaskQueueHostsOptions): Hosts {
  let connection: Promise<Pick<Connection, 'workflowService'>> | undefined;
  return {
    here,
    async others() {
      connection ??= connect();
      const { workflowService } = await connection.catch((error: unknown) => {
        connection = undefined;
        throw error;
      });
      const answer = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITY_TASKS });
      const alive = (answer.pollers ?? []).filter(
        ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - ALIVE_MS,
      );
      const hosts = alive.map(({ identity }) => (identity ?? '').replace(/^[^@]*@/, ''));
      return [...new Set(hosts)].filter((host) => host !== '' && host !== here);
    },
  };
}
