import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { Job, JobEvent } from '../../contracts/job.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { JobRunner } from '../../contracts/ports/job-runner.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { InferenceAnswer, type InferenceRequest } from '../../contracts/rows.js';
import type { StageProgress } from '../../contracts/run.js';
import type { InferenceParams } from '../../contracts/stages/mmad-eval.js';
import { beginAttempt, removeFinishedStages, type Attempt } from '../training/attempt.js';
import { fileLog, withLog } from '../training/job-log.js';

export interface RunInferenceDeps {
  readonly artifacts: Pick<ArtifactStore, 'record'>;
  readonly objects: ObjectStore;
  readonly jobs: JobRunner;
  readonly workDir: string;
  /** Ids of the GPUs that this host gives to a job; an inference job takes the first. None = CPU. */
  readonly gpus: readonly string[];
  readonly stallAfterMs: number;
  readonly stopGraceMs: number;
}

export interface InferenceOptions {
  readonly stageKey: string;
  readonly policyDir: string;
  readonly imagesDir: string;
  readonly requests: readonly InferenceRequest[];
  readonly params: InferenceParams;
  readonly seed: number;
  readonly deviceBatch: number;
  /** Where the job's log is filed when it ends. */
  readonly logKey?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
}

/** Batches a shard: what a kill can cost at most. */
const BATCHES_PER_SHARD = 4;

/**
 * Answers every request with a policy, in the requests' order. Answers that earlier attempts filed under the stage's key are
 * not asked again, and each shard is filed before its answers count. Cancelled, it throws the cancellation.
 */
export function createRunInference(deps: RunInferenceDeps) {
  return async function runInference(options: InferenceOptions): Promise<InferenceAnswer[]> {
    await removeFinishedStages(deps.workDir, deps.artifacts);
    const answers = await filedAnswers(deps.objects, options.stageKey);
    const pending = options.requests.filter(({ id }) => !answers.has(id));
    if (pending.length > 0) {
      const attempt = await beginAttempt(deps.workDir, options.stageKey, 1);
      await answerPending(deps, options, { attempt, pending, answers });
    }
    return options.requests.map(({ id }) => answers.get(id) ?? unanswered(id, options.requests.length));
  };
}

async function answerPending(
  deps: RunInferenceDeps,
  options: InferenceOptions,
  { attempt, pending, answers }: { attempt: Attempt; pending: readonly InferenceRequest[]; answers: Map<string, InferenceAnswer> },
): Promise<void> {
  const gpus = deps.gpus.slice(0, 1);
  const path = (name: string) => join(attempt.folder, name);
  const job: Job = {
    schemaVersion: 1,
    task: 'infer',
    policy: options.policyDir,
    images: options.imagesDir,
    output: path('answers'),
    stopFile: path('stop'),
    seed: options.seed,
    device: gpus.length > 0 ? 'cuda' : 'cpu',
    requests: path('requests.jsonl'),
    deviceBatch: options.deviceBatch,
    shardSize: options.deviceBatch * BATCHES_PER_SHARD,
    params: options.params,
  };
  await mkdir(job.output);
  await writeFile(job.requests, pending.map((request) => `${JSON.stringify(request)}\n`).join(''));
  await writeFile(path('job.json'), `${JSON.stringify(job, null, 2)}\n`);
  await writeFile(path('log.txt'), '');
  const onEvent = followAnswers(options, answers, async (file) => {
    await attempt.assertCurrent();
    return fileAnswers(deps.objects, options.stageKey, file);
  });
  const finishLog = async () => (options.logKey === undefined ? null : fileLog(deps.objects, options.logKey, path('log.txt')));
  try {
    const { outcome } = await deps.jobs.run({
      jobFile: path('job.json'),
      stopFile: job.stopFile,
      logFile: path('log.txt'),
      gpus,
      stallAfterMs: deps.stallAfterMs,
      stopGraceMs: deps.stopGraceMs,
      signal: options.signal,
      onEvent,
    });
    if (outcome === 'stopped') options.signal.throwIfAborted();
    await finishLog();
  } catch (error) {
    throw withLog(error, await finishLog());
  }
}

/** Follows the job: a shard counts once it is filed. Progress counts the answers of earlier attempts too. */
function followAnswers(
  options: InferenceOptions,
  answers: Map<string, InferenceAnswer>,
  file: (path: string) => Promise<InferenceAnswer[]>,
): (event: JobEvent) => Promise<void> {
  const before = answers.size;
  let startedAt: number | undefined;
  let progress: StageProgress = {
    phase: 'starting',
    done: before,
    total: options.requests.length,
    unit: 'answer',
    metrics: {},
    checkpointStep: before,
  };
  const tell = (news: Partial<StageProgress>) => {
    progress = { ...progress, ...news };
    options.onProgress(progress);
  };
  return async (event) => {
    if (event.event === 'phase') tell({ phase: event.phase });
    if (event.event === 'started') {
      startedAt = performance.now();
      tell({ phase: 'answering' });
    }
    if (event.event === 'step') {
      const seconds = (performance.now() - (startedAt ?? performance.now())) / 1000;
      const rate: Record<string, number> = seconds > 0 ? { answersPerSecond: Number((event.step / seconds).toPrecision(3)) } : {};
      tell({ done: before + event.step, metrics: { ...event.metrics, ...rate } });
    }
    if (event.event === 'answers') {
      for (const answer of await file(event.file)) answers.set(answer.id, answer);
      tell({ checkpointStep: answers.size });
    }
  };
}

/** Files a shard under its content's hash: a repeated upload is the same object. */
async function fileAnswers(objects: ObjectStore, stageKey: string, file: string): Promise<InferenceAnswer[]> {
  const text = await readFile(file, 'utf8');
  const hash = createHash('sha256').update(text).digest('hex');
  await objects.put(objectKeys.shard(stageKey, `answers-${hash}.jsonl`), text, { ifAbsent: true, contentType: 'application/jsonl' });
  return parseAnswers(text, file);
}

/** Answers that are filed under the stage's key, by request. */
async function filedAnswers(objects: ObjectStore, stageKey: string): Promise<Map<string, InferenceAnswer>> {
  const answers = new Map<string, InferenceAnswer>();
  for await (const { key } of objects.list(objectKeys.shard(stageKey, 'answers-'))) {
    const body = await objects.get(key);
    if (body === null) continue;
    for (const answer of parseAnswers(body.toString('utf8'), key)) answers.set(answer.id, answer);
  }
  return answers;
}

function parseAnswers(text: string, where: string): InferenceAnswer[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const answer = InferenceAnswer.safeParse(JSON.parse(line));
      if (answer.success) return answer.data;
      throw new StageError({ type: 'DigestMismatch', message: `${where}:${index + 1} is no answer: ${answer.error.issues[0]?.message}` });
    });
}

function unanswered(id: string, total: number): never {
  throw new StageError({ type: 'Transient', message: `the inference job finished, but request ${id} of ${total} has no answer` });
}
