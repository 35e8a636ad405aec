import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectKeys } from '../../contracts/artifact.js';
import type { JobEvent } from '../../contracts/job.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { JobRunner } from '../../contracts/ports/job-runner.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { StandIn, StageRecord } from '../../contracts/record.js';
import type { StageProgress } from '../../contracts/run.js';
import type { StageBody, StageContext, StageFindings } from '../stage/context.js';
import { beginAttempt, removeFinishedStages, type Attempt } from './attempt.js';
import { createCheckpointUploads, type CheckpointUploads } from './checkpoint-uploads.js';
import { fetchCheckpoint, fileCheckpoint, KEPT_CHECKPOINTS, newestFiledStep } from './filed-checkpoints.js';
import { fileLog, withLog } from './job-log.js';
import {
  checkpointDirectory,
  checkpointMetrics,
  localCheckpoints,
  pruneCheckpoints,
  takeCheckpoint,
  type LocalCheckpoint,
} from './local-checkpoints.js';
import { createMetricsLog, METRICS_FILE, metricsText } from './metrics.js';
import { gpusFor, trainingJob } from './training-job.js';

export interface TrainStageDeps {
  readonly artifacts: ArtifactStore;
  readonly objects: ObjectStore;
  readonly jobs: JobRunner;
  /** Folder on this host for jobs and their checkpoints. */
  readonly workDir: string;
  /** Ids of the GPUs that this host gives to a job; none = CPU. */
  readonly gpus: readonly string[];
  readonly stallAfterMs: number;
  readonly stopGraceMs: number;
}

/**
 * The body of a training stage: goes on from the newest checkpoint of the stage's key, on this disk or in the store, runs the
 * trainer, and files its checkpoints while it trains. Any attempt may be killed at any moment; cancelled, it files a last
 * checkpoint and throws the cancellation.
 */
export function createTrainStage(deps: TrainStageDeps): StageBody {
  return async (context) => {
    await removeFinishedStages(deps.workDir, deps.artifacts);
    const attempt = await beginAttempt(deps.workDir, context.task.key, context.attempt);
    const training = await prepareTraining(deps, context, attempt);
    const logKey = objectKeys.runLog(context.task.run, context.task.stage, context.task.key, context.attempt);
    try {
      const { outcome } = await deps.jobs.run({
        jobFile: training.jobFile,
        stopFile: join(attempt.folder, 'stop'),
        logFile: training.logFile,
        gpus: training.gpus,
        stallAfterMs: deps.stallAfterMs,
        stopGraceMs: deps.stopGraceMs,
        signal: context.signal,
        onEvent: training.onEvent,
      });
      if (outcome === 'stopped') context.signal.throwIfAborted();
      // The policy is there: what still uploads would only be garbage.
      await training.uploads.abandon();
      await fileLog(deps.objects, logKey, training.logFile);
      return await training.findings();
    } catch (error) {
      await fileLastCheckpoint(training.uploads, attempt);
      // Overtaken, whatever went wrong went wrong because the newer attempt cleared this one's folder.
      await attempt.assertCurrent();
      throw withLog(error, await fileLog(deps.objects, logKey, training.logFile));
    }
  };
}

async function prepareTraining(deps: TrainStageDeps, context: StageContext, attempt: Attempt) {
  const { key } = context.task;
  let progress: StageProgress = { phase: 'starting', done: 0, total: 0, unit: 'step', metrics: {}, checkpointStep: null };
  const tell = (news: Partial<StageProgress>) => {
    progress = { ...progress, ...news };
    context.onProgress(progress);
  };
  const resume = await checkpointToResume(deps, context, attempt, (step) => tell({ phase: `fetching checkpoint ${step}` }));
  await pruneCheckpoints(attempt.stageFolder, {
    currentFolder: attempt.folder,
    keep: KEPT_CHECKPOINTS,
    needed: resume === null ? [] : [resume],
  });
  const metrics = createMetricsLog(resume === null ? [] : await checkpointMetrics(resume));
  const gpus = gpusFor(context, deps.gpus);
  const job = trainingJob(context, { folder: attempt.folder, gpus, resumeFrom: resume === null ? null : checkpointDirectory(resume) });
  await mkdir(job.checkpoints, { recursive: true });
  const jobFile = join(attempt.folder, 'job.json');
  const logFile = join(attempt.folder, 'log.txt');
  await writeFile(jobFile, `${JSON.stringify(job, null, 2)}\n`);
  await writeFile(logFile, '');

  const uploads = createCheckpointUploads(
    (checkpoint, signal) => fileCheckpoint(deps, key, checkpoint, { signal, assertCurrent: attempt.assertCurrent }),
    (step) => tell({ checkpointStep: step }),
  );
  tell({ phase: 'starting the trainer', done: resume?.step ?? 0, checkpointStep: await newestFiledStep(deps.objects, key) });
  // A checkpoint that another attempt left on this disk only would be lost with the disk.
  if (resume !== null && resume.step > (progress.checkpointStep ?? -1)) uploads.offer(resume);
  const pace = createPace();
  let environment: StageRecord['environment'] = {};
  let resumedAtStep = 0;
  let last: Readonly<Record<string, number>> = {};

  async function takeOver(step: number): Promise<void> {
    const checkpoint: LocalCheckpoint = { folder: attempt.folder, step };
    await takeCheckpoint(checkpoint, metrics.lines());
    uploads.offer(checkpoint);
    await pruneCheckpoints(attempt.stageFolder, { currentFolder: attempt.folder, keep: KEPT_CHECKPOINTS, needed: uploads.pending() });
  }
  async function onEvent(event: JobEvent): Promise<void> {
    await attempt.assertCurrent();
    switch (event.event) {
      case 'phase':
        return tell({ phase: event.phase });
      case 'started':
        environment = event.environment;
        resumedAtStep = event.resumedAtStep;
        metrics.resumeAt(resumedAtStep);
        return tell({ phase: 'training', done: resumedAtStep, total: event.totalSteps });
      case 'step':
        metrics.add({ step: event.step, metrics: event.metrics });
        pace.step(event.step);
        last = event.metrics;
        return tell({
          phase: phaseOf(uploads),
          done: event.step,
          total: event.totalSteps,
          metrics: { ...event.metrics, ...pace.metrics() },
        });
      case 'checkpoint':
        return takeOver(event.step);
      case 'finished':
        last = { ...last, ...event.metrics };
        return tell({ phase: 'trained', done: event.step });
      case 'stopped':
        return tell({ phase: 'stopped: filing the checkpoint', done: event.step });
      case 'answers':
      case 'failed':
        return;
    }
  }
  async function findings(): Promise<StageFindings> {
    await writeFile(join(context.outputDirs['metrics']!, METRICS_FILE), metricsText(metrics.lines()));
    const figures = Object.fromEntries(['loss', 'reward'].flatMap((name) => (last[name] === undefined ? [] : [[name, last[name]]])));
    return {
      summary: { steps: progress.done, resumedAtStep, ...figures, ...pace.metrics() },
      standIns: standInsOf(context),
      environment: { node: process.version, ...environment },
    };
  }
  return { jobFile, logFile, gpus, uploads, onEvent, findings };
}

/** The newest checkpoint of the key. One on this disk wins over an older one in the store, and needs no fetching. */
async function checkpointToResume(
  deps: TrainStageDeps,
  context: StageContext,
  attempt: Attempt,
  onFetch: (step: number) => void,
): Promise<LocalCheckpoint | null> {
  const local = (await localCheckpoints(attempt.stageFolder))[0] ?? null;
  const filed = await fetchCheckpoint(deps, context.task.key, { beyondStep: local?.step ?? -1, signal: context.signal, onFetch });
  return filed ?? local;
}

/** After a stop or a failure the next attempt may run on another host: it needs the newest checkpoint in the store. */
async function fileLastCheckpoint(uploads: CheckpointUploads, attempt: Attempt): Promise<void> {
  try {
    await attempt.assertCurrent();
    await uploads.finish();
  } catch {
    // Overtaken, or the store is away: the checkpoint stays on this disk, and what ended the training is the news.
    await uploads.abandon();
  }
}

const phaseOf = (uploads: CheckpointUploads): string => {
  const error = uploads.lastError();
  return error === null ? 'training' : `training; the last checkpoint is not filed: ${error.message}`.slice(0, 200);
};

/** Seconds a step, over the steps of this attempt. */
function createPace() {
  let first: { step: number; at: number } | undefined;
  let latest: { step: number; at: number } | undefined;
  return {
    step(step: number): void {
      latest = { step, at: performance.now() };
      first ??= latest;
    },
    metrics(): { secondsPerStep: number } | Record<string, never> {
      if (first === undefined || latest === undefined || latest.step <= first.step) return {};
      return { secondsPerStep: Number(((latest.at - first.at) / 1000 / (latest.step - first.step)).toPrecision(3)) };
    },
  };
}

function standInsOf({ plan }: StageContext): StandIn[] {
  return [...(plan.sources.model.tiny ? (['tiny-model'] as const) : []), ...(plan.sources.data.demoPlant ? (['demo-plant'] as const) : [])];
}
