import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { HandlerUnfinishedPolicy, type Priority } from '@temporalio/common';
import { profiles, queues } from '../temporal.config.js';
import { DEFAULT_PRIORITY_KEY } from '../contracts/constants.js';
import type { StageHeading, StageResult, StageTask } from '../contracts/run.js';
import type { PipelineActivities } from './activity-types.js';
import { failureOf } from './core/stage-failure.js';
import { joinStageSignal, leaveStageSignal, stageSettledSignal, stageWorkflowId, type StageSettled } from './messages.js';

const { raisePriority } = proxyLocalActivities<PipelineActivities>({ ...profiles.pipeline, retry: { maximumAttempts: 3 } });

export interface StageInput {
  readonly task: StageTask;
  readonly heading: StageHeading;
  /** Workflow id of the run that asked first. It is told the end as a child's parent is; those who join later by signal. */
  readonly waiter: string;
}

/**
 * One stage, named by its key. It belongs to no run: it goes on while anyone waits, and is cancelled when the last waiter
 * leaves. Its record, not its return value, is what makes it done.
 */
export async function stage({ task, heading, waiter }: StageInput): Promise<StageResult> {
  const waiters = new Set([waiter]);
  const joined = new Set<string>();
  let priorityKey = workflowInfo().priority?.priorityKey ?? DEFAULT_PRIORITY_KEY;
  setHandler(
    joinStageSignal,
    async (join) => {
      waiters.add(join.waiter);
      joined.add(join.waiter);
      if (join.priorityKey === undefined || join.priorityKey >= priorityKey) return;
      priorityKey = join.priorityKey;
      // A stage that could not be made more urgent is late, no more.
      await raisePriority({ workflowId: stageWorkflowId(task.key), priorityKey }).catch(() => undefined);
    },
    { unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON },
  );
  setHandler(leaveStageSignal, async (leave) => {
    waiters.delete(leave.waiter);
    joined.delete(leave.waiter);
    // Others go on waiting: whoever leaves is told at once. The last one to leave waits until the work has ended.
    if (waiters.size > 0) await tell(new Set([leave.waiter]), { key: task.key, cancelled: true });
    else joined.add(leave.waiter);
  });
  setCurrentDetails(`${heading.title}\n\nkey \`${task.key}\`, first asked for by run \`${task.run}\``);

  const work = new CancellationScope();
  void condition(() => waiters.size === 0).then(
    () => work.cancel(),
    () => undefined, // this workflow itself is cancelled, and the work with it
  );
  // Who joins while the others are being told is told too: nobody waits for a workflow that has ended.
  const tellAll = async (settled: StageSettled) => {
    while (joined.size > 0) {
      const now = new Set(joined);
      joined.clear();
      await tell(now, settled);
    }
  };
  try {
    const result = await work.run(() => runUnlessPreempted(task, heading, () => ({ priorityKey })));
    await tellAll({ key: task.key, result });
    return result;
  } catch (error) {
    const failure = failureOf(error);
    await tellAll(failure === null ? { key: task.key, cancelled: true } : { key: task.key, failure });
    if (failure === null || isCancellation(error)) throw error;
    throw ApplicationFailure.create({ message: failure.message, type: failure.type, nonRetryable: true, details: [failure] });
  }
}

/** A preempted stage asks for its place again at once: the more urgent work is before it in the queue. */
async function runUnlessPreempted(task: StageTask, heading: StageHeading, priority: () => Priority): Promise<StageResult> {
  for (;;) {
    try {
      return await runActivity(task, heading, priority());
    } catch (error) {
      if (failureOf(error)?.type !== 'Preempted') throw error;
    }
  }
}

function runActivity(task: StageTask, heading: StageHeading, priority: Priority): Promise<StageResult> {
  const queue = heading.queue === 'pipeline' ? 'cpu' : heading.queue;
  const activities = proxyActivities<Record<string, (task: StageTask) => Promise<StageResult>>>({
    ...profiles[queue],
    taskQueue: queues[queue],
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: heading.stage,
    priority,
  });
  return activities[heading.activity]!(task);
}

async function tell(waiters: ReadonlySet<string>, settled: StageSettled): Promise<void> {
  if (waiters.size === 0) return;
  await CancellationScope.nonCancellable(() =>
    // A waiter that has ended meanwhile no longer needs to know.
    Promise.allSettled([...waiters].map((waiter) => getExternalWorkflowHandle(waiter).signal(stageSettledSignal, settled))),
  );
}
