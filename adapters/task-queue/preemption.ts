import type { Connection } from '@temporalio/client';
import type { Preemption } from '../../contracts/ports/preemption.js';
import { ACTIVITY_TASKS } from './grpc.js';

export interface TaskQueuePreemptionOptions {
  readonly connect: () => Promise<Pick<Connection, 'workflowService'>>;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly everyMs: number;
}

/** Asks Temporal, while a preemptible stage runs, whether a task of a more urgent class waits in the queue. */
export function createTaskQueuePreemption(options: TaskQueuePreemptionOptions): Preemption {
  let connection: Promise<Pick<Connection, 'workflowService'>> | undefined;
  async function isMoreUrgentWaiting(than: number): Promise<boolean> {
    connection ??= options.connect();
    const { workflowService } = await connection;
    const { namespace, taskQueue } = options;
    const queue = { name: taskQueue };
    const answer = await workflowService.describeTaskQueue({
      namespace,
      taskQueue: queue,
      taskQueueType: ACTIVITY_TASKS,
      reportStats: true,
    });
    return Object.entries(answer.statsByPriorityKey ?? {}).some(
      ([key, stats]) => Number(key) < than && Number(stats.approximateBacklogCount ?? 0) > 0,
    );
  }
  return {
    watch(priorityKey) {
      const controller = new AbortController();
      let asking = false;
      const timer = setInterval(() => {
        if (asking) return;
        asking = true;
        isMoreUrgentWaiting(priorityKey)
          .then((isWaiting) => isWaiting && controller.abort())
          // A server that does not answer asks for nothing; the next look is soon.
          .catch(() => (connection = undefined))
          .finally(() => (asking = false));
      }, options.everyMs);
      return { signal: controller.signal, end: () => clearInterval(timer) };
    },
  };
}
