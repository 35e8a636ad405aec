import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { StageError } from '../../contracts/failure.js';
import type { PlanStage } from '../../contracts/plan.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { Hosts } from '../../contracts/ports/hosts.js';
import type { Preemption } from '../../contracts/ports/preemption.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import { DEFAULT_PRIORITY_KEY } from '../../contracts/constants.js';
import type { StageProgress, StageResult, StageTask } from '../../contracts/run.js';
import { inputDigests } from '../../workflows/core/schedule.js';
import { stageKey } from '../../workflows/core/stage-key.js';
import { reasonToLeave } from './avoid-host.js';
import type { StageBody } from './context.js';
import type { PlanStore } from './plan-store.js';
import { outputDigests, walkPlan } from './plan-walk.js';
import { toStageFailure } from './to-stage-failure.js';

/** A host that is alive says so this often, whatever its work is doing; a silent trainer is the job runner's affair. */
const BEAT_MS = 3_000;

const PREEMPTED = new StageError({ type: 'Preempted', message: 'more urgent work took the place; it goes on from its checkpoint' });

/**
 * Wraps a stage's body as the activity of that stage: looks the record up first, fetches inputs, saves outputs, files the
 * record last. A second attempt, or a second worker, at the same key finds the record or repeats the work without harm.
 */
export function createStageActivity(
  deps: {
    artifacts: ArtifactStore;
    plans: PlanStore;
    workDir: string;
    preemption?: Preemption;
    /** Who else takes this stage: a host on which it failed leaves the next attempt to another. */
    hosts?: Hosts;
    /** The deployed code's; ours unless a test says otherwise. */
    kinds?: typeof STAGE_KINDS;
  },
  body: StageBody,
) {
  return async function runStage(task: StageTask): Promise<StageResult> {
    const { info, cancellationSignal, heartbeat } = Context.current();
    let signal = cancellationSignal;
    let isFinished = false;
    let watched: ReturnType<Preemption['watch']> | undefined;
    const where = { stage: task.stage };
    const startedAt = new Date();
    const heard = info.heartbeatDetails as StageProgress | undefined;
    let progress: StageProgress = heard ?? { phase: 'starting', done: 0, total: 0, unit: '', metrics: {}, checkpointStep: null };
    const beat = () => heartbeat(progress);
    const onProgress = (next: StageProgress) => {
      progress = next;
      beat();
    };
    const timer = setInterval(beat, BEAT_MS);
    let leaving: StageError | null = null;
    // Attempts never share a folder: a dead attempt's half-written output can not be taken for this one's.
    const scratch = join(deps.workDir, task.key, `attempt-${info.attempt}-${process.pid}`);
    try {
      if ((await deps.artifacts.record(task.key)) !== null) return { key: task.key, outcome: 'reused', attempts: info.attempt };
      if (deps.hosts !== undefined) leaving = await reasonToLeave(deps.hosts, info, progress);
      if (leaving !== null) throw leaving;
      const plan = await deps.plans.load(task.plan);
      const stage = plan.stages.find((candidate) => candidate.id === task.stage);
      if (stage === undefined) throw new StageError({ type: 'InvalidSpec', message: `plan ${task.plan} has no stage ${task.stage}` });
      assertDeployed(stage, deps.kinds ?? STAGE_KINDS);
      if (plan.runtime.preemptible && deps.preemption !== undefined && info.workflowExecution !== undefined) {
        watched = deps.preemption.watch({
          workflowId: info.workflowExecution.workflowId,
          activityId: info.activityId,
          priorityKey: info.priority?.priorityKey ?? DEFAULT_PRIORITY_KEY,
        });
        signal = AbortSignal.any([cancellationSignal, watched.signal]);
      }
      const walk = await walkPlan(plan, deps.artifacts, new Set([stage.id]));
      const inputs = inputDigests(stage, new Map([...walk.done].map(([id, record]) => [id, outputDigests(record)])));
      if (inputs === null || stageKey(stage, inputs) !== task.key) {
        throw new StageError({
          type: 'InvalidSpec',
          message: `stage ${task.stage} was asked for as ${task.key}, but its inputs now give another key`,
          remedy: 'Retry the stage; if it stays, a record was removed or edited.',
        });
      }
      const inputDirs: Record<string, string> = {};
      for (const [port, digest] of Object.entries(inputs)) {
        onProgress({ ...progress, phase: `fetching ${port}` });
        inputDirs[port] = await deps.artifacts.materialize(digest, { signal });
      }
      const outputDirs = Object.fromEntries(stage.outputs.map((output) => [output, join(scratch, output)]));
      for (const directory of Object.values(outputDirs)) await mkdir(directory, { recursive: true });
      const inputRecords = [...walk.done]
        .filter(([id]) => Object.values(stage.inputs).some((source) => source.from === 'stage' && source.stage === id))
        .map(([, record]) => record);
      const findings = await body({
        task,
        stage,
        plan,
        inputDirs,
        inputDigests: inputs,
        outputDirs,
        inputRecords,
        attempt: info.attempt,
        firstAttemptAt: new Date(info.scheduledTimestampMs),
        signal,
        onProgress,
      });
      // What is finished is kept, whoever asked for the place meanwhile.
      isFinished = true;
      cancellationSignal.throwIfAborted();
      const outputs: Record<string, { digest: string; files: number; bytes: number }> = {};
      for (const [output, directory] of Object.entries(outputDirs)) {
        onProgress({ ...progress, phase: `saving ${output}` });
        outputs[output] = await deps.artifacts.save(directory, { signal: cancellationSignal });
      }
      await deps.artifacts.fileRecord({
        schemaVersion: 1,
        key: task.key,
        stage: task.stage,
        kind: stage.kind,
        implementationVersion: stage.implementationVersion,
        params: stage.params,
        inputs,
        outputs,
        ...findings,
        run: task.run,
        startedAt: startedAt.toISOString(),
        finishedAt: new Date().toISOString(),
        attempts: info.attempt,
      });
      return { key: task.key, outcome: 'ran', attempts: info.attempt };
    } catch (error) {
      if (!isFinished && watched?.signal.aborted === true && !cancellationSignal.aborted) throw toStageFailure(PREEMPTED, where);
      if (cancellationSignal.aborted) throw cancellationSignal.reason instanceof Error ? cancellationSignal.reason : error;
      // The next attempt is told by the last heartbeat.
      if (deps.hosts !== undefined)
        heartbeat({ ...progress, failedOn: deps.hosts.here, left: leaving === null ? 0 : (progress.left ?? 0) + 1 });
      throw toStageFailure(error, where);
    } finally {
      clearInterval(timer);
      watched?.end();
      await rm(scratch, { recursive: true, force: true });
    }
  };
}

/** Refuses to make with this code what the plan asks of another: the record would say that the other made it. */
function assertDeployed({ id, kind, implementationVersion: asked }: PlanStage, kinds: typeof STAGE_KINDS): void {
  const here = kinds[kind]?.implementationVersion;
  if (here === asked) return;
  if (here !== undefined && here > asked) {
    throw new StageError({
      type: 'InvalidSpec',
      message: `stage ${id} was planned as implementation ${asked} of ${kind}; this worker makes ${here}`,
      remedy: 'Retry the stage: it, and what is not done yet, is then planned for the code that is deployed now.',
    });
  }
  throw new StageError({
    type: 'Transient',
    message: `stage ${id} is implementation ${asked} of ${kind}; this worker is older and makes ${here ?? 'none'}`,
    remedy: 'Another worker may be newer; else deploy the code that the run was planned with to this one.',
  });
}
