import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  ParentClosePolicy,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import { DEFAULT_PRIORITY_KEY } from '../contracts/constants.js';
import type { Advance, PipelineInput, ReadyStage, RunLive, RunState } from '../contracts/run.js';
import { cancelPatience, continueAfterEvents, profiles, queues, reportEveryMs } from '../temporal.config.js';
import type { NoticeActivities, PipelineActivities, ReportActivities, RunNotice } from './activity-types.js';
import { describeRun } from './core/describe-run.js';
import { failureOf } from './core/stage-failure.js';
import { handleDecisions } from './decisions.js';
import { joinStageSignal, leaveStageSignal, runQuery, stageSettledSignal, stageWorkflowId, type StageSettled } from './messages.js';
import { carryOn, decide, inState, openHand, viewOf } from './run-hand.js';
import { stage as stageWorkflow } from './stage.js';

const { advance, fileRun } = proxyLocalActivities<PipelineActivities>(profiles.pipeline);
const { reportRun } = proxyActivities<ReportActivities>({ ...profiles.report, taskQueue: queues.cpu });
const { notify } = proxyActivities<NoticeActivities>({ ...profiles.notice, taskQueue: queues.cpu });

/** Stages in flight when the run sets no limit: children, signals and what is carried over stay small. */
const IN_FLIGHT = 32;

/** The kinds of stage with their schemas. Not imported above: the workflows of stages, of which there are most, need none of it. */
const stageKinds = async () => (await import(/* webpackMode: "eager" */ '../contracts/stages/index.js')).STAGE_KINDS;

const now = (): string => new Date().toISOString();

/**
 * Runs any plan, of one recipe or of a sweep. The record store says what is done; this workflow holds only what is in flight,
 * blocked or given up, by key. So equal stages of a sweep's variants are one stage, a plan of thousands costs no history, and
 * the workflow can continue as new at any time.
 */
export async function pipeline(input: PipelineInput): Promise<RunLive> {
  const me = workflowInfo().workflowId;
  const hand = openHand(input, new Date(workflowInfo().startTime).toISOString());
  let ended: { state: RunState; at: string } | undefined;
  let toldState: RunState = 'running';
  let filedChanges = 0;
  let reported = { at: Date.parse(hand.startedAt), what: '', isWriting: false };

  setHandler(runQuery, () => viewOf(hand, ended));
  setHandler(stageSettledSignal, (settled) => void hand.settled.push(settled));
  handleDecisions(hand, await stageKinds());

  try {
    await Promise.all(inState(hand, 'running').map((stage) => join(stage.key)));
    if (input.carried === undefined) await fileRun(viewOf(hand), true);
    for (;;) {
      // Read before anything is awaited: what a person changes meanwhile wakes the loop again.
      const { changes } = hand;
      await withStore(step);
      hand.looking = false;
      const isIdle = hand.lost === null && inState(hand, 'running').length === 0 && inState(hand, 'blocked').length === 0;
      if (isIdle && (!hand.paused || hand.known.done === hand.known.total)) break;
      await tellState();
      reportAsItGoes();
      await condition(() => hand.settled.length > 0 || hand.changes > changes);
      hand.looking = true;
      for (const settled of hand.settled.splice(0)) settle(settled);
      if (hand.changes > filedChanges) {
        filedChanges = hand.changes;
        await withStore(() => fileRun(viewOf(hand), false));
      }
      if (workflowInfo().historyLength > (input.continueAfterEvents ?? continueAfterEvents)) await goOnAsNew();
    }
    return await end(inState(hand, 'failed').length > 0 ? 'failed' : 'completed');
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      decide(hand, now(), { by: 'cancel', reason: null }, { action: 'cancel' });
      await leave(inState(hand, 'running').map((stage) => stage.key));
      await end('cancelled');
    });
    throw error;
  }

  /**
   * Does what needs the record store, by local activities. Where it cannot be asked, and that does not pass by itself, the run is
   * blocked and waits for somebody: it takes nothing for undone, and starts nothing.
   */
  async function withStore(work: () => Promise<void>): Promise<void> {
    const before = hand.lost;
    hand.lost = null;
    try {
      await work();
    } catch (error) {
      const failure = error instanceof TemporalFailure ? failureOf(error) : null;
      if (failure === null) throw error;
      hand.review = true;
      hand.lost = [failure.message, failure.remedy ?? []].flat().join('. ');
      if (hand.lost !== before) tell({ event: 'blocked', text: `run ${hand.run} is blocked: ${hand.lost}`, stages: [] });
    }
  }

  /** Starts what can start now, until nothing can or a limit holds. */
  async function step(): Promise<void> {
    for (;;) {
      const free = Math.max(0, (hand.limits.parallel ?? IN_FLIGHT) - inState(hand, 'running').length);
      const limit = hand.paused ? 0 : free;
      const { review, paused } = hand;
      hand.review = false;
      const known = await advance({ run: hand.run, plan: hand.plan, held: [...hand.live.keys()], limit, review });
      hand.known = known;
      await leave(known.obsolete);
      for (const key of known.obsolete) hand.live.delete(key);
      // A decision came while the store was read: what it named ready may be so no more.
      if (hand.review || hand.paused !== paused) continue;
      if (known.ready.length === 0 || isOverLimit(known)) return;
      await CancellationScope.nonCancellable(() => Promise.all(known.ready.map(begin)));
    }
  }

  function isOverLimit({ gpuHours, usd }: Advance): boolean {
    const over = [
      ...(gpuHours >= (hand.limits.gpuHours ?? Infinity) ? [`${gpuHours.toFixed(2)} of ${hand.limits.gpuHours} GPU hours used`] : []),
      ...(usd >= (hand.limits.usd ?? Infinity) ? [`${usd.toFixed(2)} of ${hand.limits.usd} dollars spent`] : []),
    ];
    if (over.length === 0) return false;
    pauseItself(over.join(', '));
    return true;
  }

  function pauseItself(reason: string): void {
    hand.paused = true;
    decide(hand, now(), { by: 'limits', reason }, { action: 'pause' });
    tell({ event: 'paused', text: `run ${hand.run} paused itself: ${reason}`, stages: [] });
  }

  /** Starts a stage's workflow, or joins the one that runs already. */
  async function begin({ key, plan, id, ...heading }: ReadyStage): Promise<void> {
    const { stage, kind } = heading;
    hand.live.set(key, {
      ...{ stage, id, kind, key, plan, state: 'running', attempts: 1 },
      ...{ startedAt: now(), finishedAt: null, failure: null },
    });
    try {
      const child = await startChild(stageWorkflow, {
        workflowId: stageWorkflowId(key),
        args: [{ task: { key, stage: id, kind, plan, run: hand.run }, heading, waiter: me }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: stage,
        searchAttributes: { JudoRun: [hand.run], JudoStage: [id] },
      });
      void child.result().then(
        (result) => hand.settled.push({ key, result }),
        (error: unknown) => {
          const failure = failureOf(error);
          hand.settled.push(failure === null ? { key, cancelled: true } : { key, failure });
        },
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await join(key);
    }
  }

  /** Asks to be told how a stage ends. One that has ended meanwhile is asked for again: its record says how. */
  async function join(key: string): Promise<void> {
    await getExternalWorkflowHandle(stageWorkflowId(key))
      .signal(joinStageSignal, { waiter: me, priorityKey: workflowInfo().priority?.priorityKey ?? DEFAULT_PRIORITY_KEY })
      .catch(() => hand.settled.push({ key, cancelled: true }));
  }

  function settle(settled: StageSettled): void {
    const stage = hand.live.get(settled.key);
    if (stage?.state !== 'running') return;
    if (!('failure' in settled)) {
      // Done, or ended by somebody else's cancellation: the record store knows which.
      hand.live.delete(settled.key);
      return;
    }
    const { failure } = settled;
    hand.live.set(settled.key, { ...stage, state: 'blocked', failure, finishedAt: now() });
    hand.changes += 1;
    const text = `stage ${stage.stage} of run ${hand.run} is blocked: ${failure.message}`;
    tell({ event: 'blocked', text, stages: [stage.stage] });
    if (!hand.keepGoing && !hand.paused) pauseItself(`stage ${stage.stage} is blocked, and this run does not keep going`);
  }

  /** Tells stages that this run no longer waits for them, and waits until those that nobody waits for have ended. */
  async function leave(keys: readonly string[]): Promise<void> {
    const running = keys.filter((key) => hand.live.get(key)?.state === 'running');
    if (running.length === 0) return;
    const left = new Set(running);
    await Promise.allSettled(
      running.map((key) =>
        getExternalWorkflowHandle(stageWorkflowId(key))
          .signal(leaveStageSignal, { waiter: me })
          .catch(() => left.delete(key)),
      ),
    );
    await condition(() => {
      for (const { key } of hand.settled) left.delete(key);
      return left.size === 0;
    }, cancelPatience);
    for (const key of running) hand.live.delete(key);
  }

  /** Sends a notice. The run never waits for it. */
  function tell(notice: Omit<RunNotice, 'run'>): void {
    void notify({ run: hand.run, ...notice }).catch(() => undefined);
  }

  /** Shows the state where people look for it: the UI's summary and the search attribute. */
  async function tellState(): Promise<void> {
    const view = viewOf(hand);
    setCurrentDetails(describeRun(view, hand.known));
    if (view.state === toldState) return;
    toldState = view.state;
    upsertSearchAttributes({ JudoState: [view.state] });
    if (hand.lost === null) await withStore(() => fileRun(view, false));
  }

  /** Has the report written of what is new: now and then, and always when the run waits for somebody. The run does not wait for it. */
  function reportAsItGoes(): void {
    const view = viewOf(hand);
    const what = `${view.state} ${hand.known.done}`;
    const isDue = view.state === 'blocked' || Date.now() - reported.at >= reportEveryMs;
    if (!isDue || what === reported.what || reported.isWriting || hand.lost !== null || !patched('report-as-it-goes')) return;
    reported = { at: Date.now(), what, isWriting: true };
    void reportRun({ run: hand.run })
      .catch(() => undefined)
      .then(() => (reported.isWriting = false));
  }

  /** The last word on a run that was not done in one go: no partial report stays behind. */
  async function reportEnd(view: RunLive): Promise<void> {
    if ((view.state === 'completed' && reported.what === '') || !patched('report-as-it-goes')) return;
    await reportRun({ run: hand.run }).catch(() => undefined);
  }

  async function goOnAsNew(): Promise<void> {
    await condition(allHandlersFinished);
    for (const settled of hand.settled.splice(0)) settle(settled);
    await continueAsNew<typeof pipeline>({ ...input, plan: hand.plan, limits: hand.limits, carried: carryOn(hand) });
  }

  async function end(state: RunState): Promise<RunLive> {
    await condition(allHandlersFinished);
    ended = { state, at: now() };
    const view = viewOf(hand, ended);
    setCurrentDetails(describeRun(view, hand.known));
    upsertSearchAttributes({ JudoState: [state] });
    await withStore(() => fileRun(view, false));
    if (hand.lost === null) await reportEnd(view);
    if (state !== 'failed') return view;
    const causes = inState(hand, 'failed').map((one) => `${one.stage}: ${one.failure?.message ?? ''}`);
    const text = `run ${hand.run} was given up: ${causes.join('; ')}`;
    throw ApplicationFailure.nonRetryable(text, 'RunFailed');
  }
}
