import type { Connection } from '@temporalio/client';
import type { Preemption, RunningActivity } from '../../contracts/ports/preemption.js';
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
  const { namespace, taskQueue } = options;
  const service = async () => (await (connection ??= options.connect())).workflowService;

  /** The priority of the most urgent task in the queue. */
  async function mostUrgentWaiting(): Promise<number> {
    const queue = { namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITY_TASKS };
    const { statsByPriorityKey } = await (await service()).describeTaskQueue({ ...queue, reportStats: true });
    const waiting = Object.entries(statsByPriorityKey ?? {}).filter(([, stats]) => Number(stats.approximateBacklogCount ?? 0) > 0);
    return Math.min(Infinity, ...waiting.map(([key]) => Number(key)));
  }

  /** What an activity's priority is now: a more urgent run that joined its stage has raised it. */
  async function priorityNow({ workflowId, activityId, priorityKey }: RunningActivity): Promise<number> {
    const { pendingActivities } = await (await service()).describeWorkflowExecution({ namespace, execution: { workflowId } });
    return pendingActivities?.find((activity) => activity.activityId === activityId)?.priority?.priorityKey ?? priorityKey;
  }

  async function isMoreUrgentWaiting(running: RunningActivity): Promise<boolean> {
    const waiting = await mostUrgentWaiting();
    return waiting < running.priorityKey && waiting < (await priorityNow(running));
  }

  return {
    watch(running) {
      const controller = new AbortController();
      let asking = false;
      const timer = setInterval(() => {
        if (asking) return;
        asking = true;
        isMoreUrgentWaiting(running)
          .then((isWaiting) => isWaiting && controller.abort())
          // A server that does not answer asks for nothing; the next look is soon.
          .catch(() => (connection = undefined))
          .finally(() => (asking = false));
      }, options.everyMs);
      return { signal: controller.signal, end: () => clearInterval(timer) };
    },
  };
}
