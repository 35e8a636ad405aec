import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import type { StageContext, StageFindings } from '../../activities/stage/context.js';
import { createTrainStage } from '../../activities/training/train-stage.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { createPythonJobRunner } from '../../adapters/python-job/runner.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { JobEvent } from '../../contracts/job.js';
import type { Plan } from '../../contracts/plan.js';
import type { JobRunner } from '../../contracts/ports/job-runner.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageProgress } from '../../contracts/run.js';
import { SftParams } from '../../contracts/stages/sft.js';

export const STAGE_KEY = 'a'.repeat(64);
const artifact = { digest: 'b'.repeat(64), files: 0, bytes: 0 };

/** Every file's permissions allow removal again: the artifact cache is read-only. */
export async function removeTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
  await rm(directory, { recursive: true, force: true });
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'judo-training-'));

/** Runs jobs by the stand-in of tests/support/fake_trainer.py; `env` reaches the job. */
export const standInJobs = (env: Record<string, string> = {}): JobRunner =>
  createPythonJobRunner({
    python: 'python3',
    module: 'fake_trainer',
    env: { PYTHONPATH: join(import.meta.dirname, '..', 'support'), ...env },
  });

/** The same runner, with an ear on the events before the stage hears them. */
export const overheard = (jobs: JobRunner, hear: (event: JobEvent) => void): JobRunner => ({
  run: (options) =>
    jobs.run({
      ...options,
      onEvent: (event) => {
        hear(event);
        return options.onEvent(event);
      },
    }),
});

/** Kills the trainer with SIGKILL at the event that `when` picks. */
export function killingJobs(jobs: JobRunner, when: (event: JobEvent) => boolean): JobRunner {
  let pid = 0;
  return overheard(jobs, (event) => {
    if (event.event === 'started') pid = Number(event.environment['pid']);
    if (when(event)) process.kill(pid, 'SIGKILL');
  });
}

/** A plan of one training stage. */
export function planOf(stage: { kind: string; params: Record<string, unknown> }, runtime: Partial<Plan['runtime']> = {}): Plan {
  return {
    schemaVersion: 1,
    command: 'judo run test.yaml',
    name: 'test',
    sources: {
      data: { artifact, root: '/data', demoPlant: false },
      model: { artifact, name: 'tiny', tiny: true },
    },
    teacher: { model: 'rehearsal' },
    runtime: {
      gpus: 1,
      deviceBatch: { sft: 2, grpo: 4, infer: 2 },
      checkpointEverySteps: 4,
      teacherConcurrency: 1,
      preemptible: false,
      ...runtime,
    },
    stages: [
      {
        id: 'seg-jux',
        title: 'a training stage',
        implementationVersion: 1,
        queue: 'gpu',
        activity: 'trainStage',
        inputs: {},
        outputs: ['policy', 'metrics'],
        ...stage,
      },
    ],
  };
}

export const sftPlan = (): Plan => planOf({ kind: 'seg-jux', params: SftParams.parse({ seed: 3, imageSize: 64 }) });

export interface Ending {
  readonly findings: StageFindings;
  readonly policy: string;
  readonly metrics: string;
  readonly progress: readonly StageProgress[];
  readonly outputDirs: { readonly policy: string; readonly metrics: string };
}

/** One host of the GPU queue: a disk of its own over a store that hosts share. */
export async function createHost(options: { root: string; name: string; objects?: ObjectStore }) {
  const objects = options.objects ?? createMemoryObjectStore();
  const disk = join(options.root, options.name);
  const inputDirs = { data: join(disk, 'data'), rows: join(disk, 'rows'), policy: join(disk, 'base') };
  for (const directory of Object.values(inputDirs)) await mkdir(directory, { recursive: true });
  await writeFile(join(inputDirs.rows, 'rows.jsonl'), '{"id": "one"}\n');
  const artifacts = createArtifactStore({ objects, cacheDir: join(disk, 'cache') });
  const workDir = join(disk, 'work');
  let attempts = 0;

  /** One attempt at the stage, as the activity would make it. */
  async function attempt(jobs: JobRunner, more: Partial<StageContext> & { plan?: Plan; gpus?: readonly string[] } = {}): Promise<Ending> {
    attempts += 1;
    const outputDirs = { policy: join(disk, `out-${attempts}`, 'policy'), metrics: join(disk, `out-${attempts}`, 'metrics') };
    for (const directory of Object.values(outputDirs)) await mkdir(directory, { recursive: true });
    const progress: StageProgress[] = [];
    const { gpus = [], plan = sftPlan(), ...context } = more;
    const body = createTrainStage({ artifacts, objects, jobs, workDir, gpus, stallAfterMs: 120_000, stopGraceMs: 60_000 });
    const stage = plan.stages[0]!;
    const findings = await body({
      task: { key: STAGE_KEY, stage: stage.id, kind: stage.kind, plan: 'c'.repeat(64), run: 'run-1' },
      stage,
      plan,
      inputDirs,
      inputDigests: {},
      outputDirs,
      inputRecords: [],
      attempt: attempts,
      firstAttemptAt: new Date(0),
      signal: new AbortController().signal,
      onProgress: (news) => progress.push(news),
      ...context,
    });
    const [policy, metrics] = await Promise.all([
      readFile(join(outputDirs.policy, 'policy.txt'), 'utf8').catch(() => ''),
      readFile(join(outputDirs.metrics, 'metrics.jsonl'), 'utf8'),
    ]);
    return { findings, policy, metrics, progress, outputDirs };
  }
  return { attempt, objects, artifacts, workDir, inputDirs };
}

/** Steps of the checkpoints that are filed. */
export async function filedSteps(objects: ObjectStore): Promise<number[]> {
  const steps: number[] = [];
  for await (const { key } of objects.list(objectKeys.checkpoints(STAGE_KEY))) steps.push(Number(/(\d+)\.json$/.exec(key)![1]));
  return steps.sort((a, b) => a - b);
}
