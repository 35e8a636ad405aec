import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { priorities, profiles, queues } from '../temporal.config.js';
import type { NightEnd, NightlyActivities, NoticeActivities, RunNotice } from './activity-types.js';
import { failureOf } from './core/stage-failure.js';
import { runWorkflowId } from './messages.js';
import { pipeline } from './pipeline.js';

const { planNight } = proxyActivities<NightlyActivities>({ ...profiles.cpu, taskQueue: queues.cpu });
/** Small reads and writes of the store and one question to Temporal: worth waiting for. */
const { beginNight, closeNight, lookForMissed } = proxyActivities<NightlyActivities>({ ...profiles.night, taskQueue: queues.cpu });
const { notify } = proxyActivities<NoticeActivities>({ ...profiles.notice, taskQueue: queues.cpu });

const DUE = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

/**
 * One night of a nightly: tells of the nights before it that did not fire, plans the recipe anew with the night in its keys,
 * runs it as `run/<name>-<date>`, compares it with the last good night, and tells what is worse.
 */
export async function nightly({ name }: { name: string }): Promise<{ run: string; state: NightEnd['state'] | 'skipped' }> {
  const { startTime, typedSearchAttributes } = workflowInfo();
  const dueAt = (typedSearchAttributes.get(DUE) ?? startTime).toISOString();
  const night = { nightly: name, dueAt };
  const told: Promise<void>[] = [];

  const { run, skip, late, lookEveryMs } = await begin();
  if (skip !== null) return { run, state: 'skipped' };
  if (late !== null) tell('nightly-missed', late);
  await look({ before: dueAt, sure: false });

  const end = await runNight();
  const { regressed } = await CancellationScope.nonCancellable(() => closeNight({ ...night, ...end }));
  if (regressed !== null) tell('nightly-regressed', regressed);
  if (end.state === 'failed') tell('failed', `night ${run} failed: ${end.reason}`);
  await CancellationScope.nonCancellable(async () => {
    await look({ before: new Date().toISOString(), sure: true });
    await Promise.all(told);
  });
  if (end.state === 'failed') throw ApplicationFailure.nonRetryable(`night ${run} failed: ${end.reason}`, 'NightFailed');
  return { run, state: end.state };

  async function begin(): ReturnType<NightlyActivities['beginNight']> {
    try {
      return await beginNight({ ...night, startedAt: startTime.toISOString() });
    } catch (error) {
      const reason = failureOf(error)?.message ?? 'it was cancelled';
      await notify({ run: name, event: 'failed', text: `a night of ${name} could not begin: ${reason}`, stages: [] }).catch(
        () => undefined,
      );
      throw error;
    }
  }

  async function runNight(): Promise<Pick<NightEnd, 'state' | 'reason'>> {
    try {
      const { plan, planName } = await planNight(night);
      const child = await startChild(pipeline, {
        workflowId: runWorkflowId(run),
        taskQueue: queues.pipeline,
        args: [{ run, plan, planName }],
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        priority: priorities.nightly,
        staticSummary: `${planName}, the night of ${dueAt}`,
        searchAttributes: { JudoRun: [run], JudoRecipe: [planName], JudoState: ['running'] },
      });
      let ended: { error?: unknown } | undefined;
      void child.result().then(
        () => (ended = {}),
        (error: unknown) => (ended = { error }),
      );
      // A cancelled run ends when its trainers have their checkpoints: that is waited for. One that is blocked waits for a person
      // and holds the nights behind it up: that is told when they are due.
      await CancellationScope.nonCancellable(async () => {
        while (!(await condition(() => ended !== undefined, lookEveryMs))) await look({ before: new Date().toISOString(), sure: true });
      });
      if (ended?.error !== undefined) throw ended.error;
      return { state: 'completed', reason: null };
    } catch (error) {
      if (isCancellation(error)) return { state: 'cancelled', reason: 'it was cancelled' };
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw ApplicationFailure.nonRetryable(`a run named ${run} is running already`, 'NightFailed');
      }
      return { state: 'failed', reason: failureOf(error)?.message ?? 'its run failed' };
    }
  }

  async function look(how: { before: string; sure: boolean }): Promise<void> {
    const missed = await lookForMissed({ nightly: name, ...how });
    if (missed !== null) tell('nightly-missed', missed);
  }

  /** Sends a notice. The night ends when all are sent or given up. */
  function tell(event: RunNotice['event'], text: string): void {
    const sent = CancellationScope.nonCancellable(() => notify({ run, event, text, stages: [] }));
    told.push(sent.catch(() => undefined));
  }
}
