import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import { cancelPatience, profiles } from '../temporal.config.js';
import type { PipelineInput, RunState, RunStatus, StageHeading, StageStatus } from '../contracts/run.js';
import type { PipelineActivities } from './activity-types.js';
import { failureOf } from './core/stage-failure.js';
import {
  joinStageSignal,
  leaveStageSignal,
  resolveStageUpdate,
  runStatusQuery,
  stageSettledSignal,
  stageWorkflowId,
  type StageSettled,
} from './messages.js';
import { stage as stageWorkflow } from './stage.js';

const { openPlan, advance, fileRun } = proxyLocalActivities<PipelineActivities>(profiles.pipeline);

/** Runs any plan. The record store says what is done; this workflow holds only what is in flight, failed or blocked. */
export async function pipeline(input: PipelineInput): Promise<RunStatus> {
  const me = workflowInfo().workflowId;
  const headings = new Map<string, StageHeading>();
  const statuses = new Map<string, StageStatus>();
  const inFlight = new Map<string, string>(); // stage id -> key
  const settledNow: { stage: string; settled: StageSettled }[] = [];
  const startedAt = new Date(workflowInfo().startTime).toISOString();

  const status = (state: RunState, finishedAt: string | null = null): RunStatus => ({
    schemaVersion: 1,
    run: input.run,
    plan: input.plan,
    planName: input.planName,
    state,
    startedAt,
    finishedAt,
    stages: [...statuses.values()],
  });
  const blocked = () => [...statuses.values()].filter((one) => one.outcome === 'blocked');
  const state = (): RunState => (blocked().length > 0 && inFlight.size === 0 ? 'blocked' : 'running');
  const set = (id: string, change: Partial<StageStatus>) => {
    statuses.set(id, { ...statuses.get(id)!, ...change });
    setCurrentDetails(describe([...statuses.values()]));
  };

  setHandler(runStatusQuery, () => status(finalState ?? state()));
  setHandler(stageSettledSignal, (settled) => {
    const joined = [...inFlight].find(([, key]) => key === settled.key);
    if (joined !== undefined) settledNow.push({ stage: joined[0], settled });
  });
  setHandler(
    resolveStageUpdate,
    ({ stage, action }) => {
      // Retry: as if it had never been asked for; `advance` names it ready again.
      if (action === 'retry') set(stage, { outcome: 'waiting', key: null, failure: null });
      else set(stage, { outcome: 'failed' });
      decisions += 1;
    },
    {
      validator: ({ stage }) => {
        const outcome = statuses.get(stage)?.outcome;
        if (outcome !== 'blocked') {
          const names = blocked().map((one) => one.stage);
          const now = names.length === 0 ? 'no stage is blocked' : `blocked: ${names.join(', ')}`;
          throw new Error(
            outcome === undefined ? `this run has no stage "${stage}"; ${now}` : `stage ${stage} is ${outcome}, not blocked; ${now}`,
          );
        }
      },
    },
  );

  let finalState: RunState | undefined;
  let decisions = 0;

  try {
    for (const heading of await openPlan(input.plan)) {
      headings.set(heading.stage, heading);
      statuses.set(heading.stage, waiting(heading));
    }
    for (;;) {
      const exclude = [...statuses.values()]
        .filter((one) => one.outcome === 'running' || one.outcome === 'failed' || one.outcome === 'blocked')
        .map((one) => one.stage);
      const step = await advance({ plan: input.plan, exclude });
      for (const done of step.done) {
        if (statuses.get(done.stage)!.outcome === 'waiting') set(done.stage, { outcome: 'reused', key: done.key, finishedAt: now() });
      }
      await CancellationScope.nonCancellable(() => Promise.all(step.ready.map((ready) => begin(ready.stage, ready.key))));
      if (inFlight.size === 0 && blocked().length === 0) break;
      if (inFlight.size === 0) upsertSearchAttributes({ JudoState: ['blocked'] });
      const seen = decisions;
      await condition(() => settledNow.length > 0 || decisions > seen);
      if (decisions > seen) upsertSearchAttributes({ JudoState: ['running'] });
      for (const { stage, settled } of settledNow.splice(0)) settle(stage, settled);
    }
    const failed = [...statuses.values()].some((one) => one.outcome === 'failed');
    for (const one of statuses.values()) if (one.outcome === 'waiting') set(one.stage, { outcome: 'skipped' });
    finalState = failed ? 'failed' : 'completed';
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(leaveAll);
    finalState = 'cancelled';
    await CancellationScope.nonCancellable(() => end('cancelled'));
    throw error;
  }
  const final = await end(finalState);
  if (finalState === 'failed') {
    const causes = final.stages.flatMap((one) => (one.failure === null ? [] : [`${one.stage}: ${one.failure.message}`]));
    throw ApplicationFailure.nonRetryable(`run ${input.run} was given up: ${causes.join('; ')}`, 'RunFailed');
  }
  return final;

  async function end(state: RunState): Promise<RunStatus> {
    upsertSearchAttributes({ JudoState: [state] });
    const final = status(state, now());
    await fileRun(final);
    return final;
  }

  /** Starts a stage's workflow, or joins the one that runs already. */
  async function begin(id: string, key: string): Promise<void> {
    const heading = headings.get(id)!;
    set(id, { outcome: 'running', key, startedAt: now(), attempts: statuses.get(id)!.attempts + 1 });
    inFlight.set(id, key);
    const workflowId = stageWorkflowId(key);
    try {
      const child = await startChild(stageWorkflow, {
        workflowId,
        args: [{ task: { key, stage: id, kind: heading.kind, plan: input.plan, run: input.run }, heading, waiter: me }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: id,
        searchAttributes: { JudoRun: [input.run], JudoStage: [id] },
      });
      void child.result().then(
        (result) => settledNow.push({ stage: id, settled: { key, result } }),
        (error: unknown) => {
          const failure = failureOf(error);
          settledNow.push({ stage: id, settled: failure === null ? { key, cancelled: true } : { key, failure } });
        },
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await getExternalWorkflowHandle(workflowId)
        .signal(joinStageSignal, { waiter: me })
        // It ended between the two calls: its record says how.
        .catch(() => settledNow.push({ stage: id, settled: { key, cancelled: true } }));
    }
  }

  function settle(id: string, settled: StageSettled): void {
    if (!inFlight.delete(id)) return;
    if ('result' in settled) {
      set(id, { outcome: settled.result.outcome, attempts: settled.result.attempts, finishedAt: now() });
    } else if ('failure' in settled) {
      set(id, { outcome: 'blocked', failure: settled.failure, finishedAt: now() });
    } else {
      // Somebody else's cancellation ended it: ask again.
      set(id, { outcome: 'waiting', key: null });
    }
  }

  /** Tells every stage in flight that this run no longer waits, and waits until those that nobody waits for have ended. */
  async function leaveAll(): Promise<void> {
    await Promise.allSettled(
      [...inFlight.values()].map((key) => getExternalWorkflowHandle(stageWorkflowId(key)).signal(leaveStageSignal, { waiter: me })),
    );
    const drained = () => {
      for (const { stage } of settledNow.splice(0)) inFlight.delete(stage);
      return inFlight.size === 0;
    };
    const left = [...inFlight.keys()];
    await condition(drained, cancelPatience);
    for (const id of left) set(id, { outcome: 'waiting', finishedAt: now() });
  }
}

const now = (): string => new Date().toISOString();

const waiting = (heading: StageHeading): StageStatus => ({
  stage: heading.stage,
  kind: heading.kind,
  key: null,
  outcome: 'waiting',
  attempts: 0,
  startedAt: null,
  finishedAt: null,
  artifacts: {},
  failure: null,
});

/** The table that the Temporal UI shows on top of a run. */
function describe(stages: readonly StageStatus[]): string {
  const rows = stages.map(
    (one) =>
      `| ${one.stage} | ${one.outcome} | ${one.key?.slice(0, 12) ?? ''} | ${one.failure?.message.slice(0, 200).replaceAll('|', '/').replaceAll('\n', ' ') ?? ''} |`,
  );
  return ['| stage | state | key | failure |', '|---|---|---|---|', ...rows].join('\n');
}
