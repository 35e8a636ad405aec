import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { HEARTBEAT_TIMEOUT_MS } from './recovery-terms.js';

/** Our own workflows, unchanged, with a heartbeat time-out that a benchmark can wait for. Bundled into the recovery worker only. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, options: { ...input.options, heartbeatTimeout: HEARTBEAT_TIMEOUT_MS } }),
    },
  ],
});
