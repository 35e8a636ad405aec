import type { Connection } from '@temporalio/client';
import type { RaisePriority } from '../../contracts/ports/preemption.js';
import { isNotFound } from './grpc.js';

/** Changes the options of a workflow's pending activities, as `temporal activity update-options` does. */
export function createRaisePriority(deps: { connection: Pick<Connection, 'workflowService'>; namespace: string }): RaisePriority {
  const { connection, namespace } = deps;
  return async (workflowId, priorityKey) => {
    try {
      await connection.workflowService.updateActivityOptions({
        ...{ namespace, execution: { workflowId }, matchAll: true, identity: `judo ${process.pid}` },
        ...{ activityOptions: { priority: { priorityKey } }, updateMask: { paths: ['priority.priority_key'] } },
      });
    } catch (error) {
      // The workflow has ended, or has no activity in a queue.
      if (!isNotFound(error)) throw error;
    }
  };
}
