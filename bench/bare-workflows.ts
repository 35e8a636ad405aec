import { executeChild, proxyActivities } from '@temporalio/workflow';
import { HEARTBEAT_TIMEOUT_MS } from './recovery-terms.js';

const { bareActivity } = proxyActivities<{ bareActivity: (n: number) => Promise<number> }>({
  startToCloseTimeout: '1m',
  taskQueue: 'bench-bare',
});

/** The baseline's stage: a child workflow of one activity, on the Temporal SDK alone. */
export async function bareStage(n: number): Promise<number> {
  return bareActivity(n);
}

/** The baseline's pipeline: `stages` child workflows, one after the other. */
export async function barePipeline(stages: number): Promise<void> {
  for (let n = 0; n < stages; n++) await executeChild(bareStage, { args: [n] });
}

/** The second baseline: the same activities with no child workflow. */
export async function bareActivities(stages: number): Promise<void> {
  for (let n = 0; n < stages; n++) await bareActivity(n);
}

const { bareWork } = proxyActivities<{ bareWork: (stage: string) => Promise<void> }>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  taskQueue: 'bench-bare',
});

/** The baseline of the recovery: activities that beat, one after the other. */
export async function bareRecovery(stages: readonly string[]): Promise<void> {
  for (const stage of stages) await bareWork(stage);
}
