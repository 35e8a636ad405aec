import { EventEmitter, once } from 'node:events';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { Job } from '../../contracts/job.js';
import type { RunJobOptions } from '../../contracts/ports/job-runner.js';
import {
  createHost,
  filedSteps,
  killingJobs,
  overheard,
  planOf,
  removeTree,
  sftPlan,
  STAGE_KEY,
  standInJobs,
  temporaryFolder,
  type Ending,
} from './training-host.js';

/** The stand-in saves every 4 of 12 steps; so a job waits after step 6 until it is killed or stopped. */
const waiting = () => standInJobs({ JUDO_SIMULATE_WAIT_AT_STEP: '6' });
const atStep = (step: number) => (event: { event: string; step?: number }) => event.event === 'step' && event.step === step;

let root: string;
let uninterrupted: Ending;
beforeEach(async () => {
  root = await temporaryFolder();
  const host = await createHost({ root, name: 'undisturbed' });
  uninterrupted = await host.attempt(standInJobs());
});
afterEach(() => removeTree(root));
const failureOf = (error: unknown) => (error instanceof StageError ? error.failure : expect.unreachable(String(error)));

describe('a training stage', () => {
  test('trains, and tells its steps, its last metrics and what stood in', () => {
    expect(uninterrupted.findings).toMatchObject({
      summary: { steps: 12, resumedAtStep: 0, loss: expect.any(Number), secondsPerStep: expect.any(Number) },
      standIns: ['tiny-model'],
      environment: { node: process.version, trainer: 'stand-in' },
    });
    expect(uninterrupted.metrics.trim().split('\n')).toHaveLength(12);
    expect(uninterrupted.progress.at(-1)).toMatchObject({ done: 12, total: 12, unit: 'step' });
  });

  test('gives the trainer its slice of parameters as it is', async () => {
    const host = await createHost({ root, name: 'host' });
    const given: { options: RunJobOptions; job: unknown }[] = [];
    await host.attempt({
      run: async (options) => {
        given.push({ options, job: JSON.parse(await readFile(options.jobFile, 'utf8')) });
        return standInJobs().run(options);
      },
    });
    const plan = sftPlan();
    expect(given[0]!.options).toMatchObject({ gpus: [], stallAfterMs: 120_000 });
    expect(Job.parse(given[0]!.job)).toMatchObject({
      task: 'sft',
      params: plan.stages[0]!.params,
      seed: 3,
      device: 'cpu',
      worldSize: 1,
      deviceBatch: 2,
      checkpointEverySteps: 4,
      resumeFrom: null,
      policy: host.inputDirs.policy,
      images: host.inputDirs.data,
    });
  });

  test('refuses a plan that wants more GPUs than the host has', async () => {
    const host = await createHost({ root, name: 'host' });
    const plan = planOf(sftPlan().stages[0]!, { gpus: 4 });
    const failure = await host.attempt(standInJobs(), { plan, gpus: ['0', '1'] }).catch(failureOf);
    expect(failure).toMatchObject({ type: 'InvalidSpec', message: expect.stringContaining('wants 4 GPUs, this host offers 2') });
  });

  test('files its log, and the log of a failure is named in it', async () => {
    const host = await createHost({ root, name: 'host' });
    await rm(join(host.inputDirs.rows, 'rows.jsonl'));
    const failure = await host.attempt(standInJobs()).catch(failureOf);
    expect(failure).toMatchObject({ type: 'Transient', logRef: objectKeys.runLog('run-1', 'seg-jux', STAGE_KEY, 1) });
    expect((await host.objects.get(objectKeys.runLog('run-1', 'seg-jux', STAGE_KEY, 1)))!.toString()).toContain('FileNotFoundError');
  });
});

describe('a trainer that is killed with SIGKILL', () => {
  test('goes on from its last checkpoint on the same host and ends with the same policy and metrics', async () => {
    const host = await createHost({ root, name: 'host' });
    const killed = await host.attempt(killingJobs(waiting(), atStep(6))).catch(failureOf);
    expect(killed).toMatchObject({ type: 'Transient', message: expect.stringContaining('SIGKILL') });
    const ending = await host.attempt(waiting());
    expect(ending.findings.summary).toMatchObject({ steps: 12, resumedAtStep: 4 });
    expect(ending.policy).toBe(uninterrupted.policy);
    expect(ending.metrics).toBe(uninterrupted.metrics);
  });

  test('goes on from its last checkpoint on another host', async () => {
    const objects = createMemoryObjectStore();
    const first = await createHost({ root, name: 'first', objects });
    await first.attempt(killingJobs(waiting(), atStep(6))).catch(failureOf);
    expect(await filedSteps(objects)).toEqual([4]);
    const second = await createHost({ root, name: 'second', objects });
    const ending = await second.attempt(waiting());
    expect(ending.findings.summary).toMatchObject({ resumedAtStep: 4 });
    expect(ending.progress.some(({ phase }) => phase === 'fetching checkpoint 4')).toBe(true);
    expect(ending.metrics).toBe(uninterrupted.metrics);
    expect(ending.policy).toBe(uninterrupted.policy);
  });

  test('goes on from the checkpoint before when the newest one in the store is damaged', async () => {
    const objects = createMemoryObjectStore();
    const first = await createHost({ root, name: 'first', objects });
    await first.attempt(killingJobs(waiting(), atStep(6))).catch(failureOf);
    const tree = { digest: 'd'.repeat(64), files: 1, bytes: 1 };
    await objects.put(objectKeys.checkpoint(STAGE_KEY, 8), JSON.stringify({ schemaVersion: 1, stageKey: STAGE_KEY, step: 8, tree }));
    const second = await createHost({ root, name: 'second', objects });
    expect((await second.attempt(waiting())).findings.summary).toMatchObject({ resumedAtStep: 4 });
  });

  test('never goes on from a checkpoint that was not committed', async () => {
    const host = await createHost({ root, name: 'host' });
    await host.attempt(killingJobs(waiting(), atStep(6))).catch(failureOf);
    const stage = join(host.workDir, 'jobs', STAGE_KEY);
    const attempt = (await readdir(stage)).find((name) => name.startsWith('attempt-'))!;
    await mkdir(join(stage, attempt, 'checkpoints', '8'));
    await writeFile(join(stage, attempt, 'checkpoints', '8', 'state.txt'), 'half');
    expect((await host.attempt(waiting())).metrics).toBe(uninterrupted.metrics);
  });
});

describe('a cancelled training', () => {
  test('files a checkpoint of the step it was at, throws the cancellation, and goes on from there', async () => {
    const objects = createMemoryObjectStore();
    const first = await createHost({ root, name: 'first', objects });
    const cancel = new AbortController();
    const jobs = overheard(waiting(), (event) => atStep(6)(event) && cancel.abort(new Error('cancelled by a person')));
    await expect(first.attempt(jobs, { signal: cancel.signal })).rejects.toThrow('cancelled by a person');
    expect(await filedSteps(objects)).toEqual([4, 6]);
    const second = await createHost({ root, name: 'second', objects });
    const ending = await second.attempt(standInJobs());
    expect(ending.findings.summary).toMatchObject({ resumedAtStep: 6 });
    expect(ending.metrics).toBe(uninterrupted.metrics);
  });
});

describe('checkpoints', () => {
  test('are kept two at most, on the disk and in the store', async () => {
    const host = await createHost({ root, name: 'host' });
    const plan = planOf(sftPlan().stages[0]!, { checkpointEverySteps: 1 });
    const ending = await host.attempt(standInJobs(), { plan });
    expect(ending.metrics).toBe(uninterrupted.metrics);
    expect((await filedSteps(host.objects)).length).toBeLessThanOrEqual(2);
    const stage = join(host.workDir, 'jobs', STAGE_KEY);
    const attempt = (await readdir(stage)).find((name) => name.startsWith('attempt-'))!;
    expect((await readdir(join(stage, attempt, 'checkpoints'))).sort()).toEqual(['11', '12']);
  });

  test('that cannot be filed do not end the training, and the progress says why', async () => {
    const objects = createMemoryObjectStore();
    const broken = {
      ...objects,
      put: (key: string, ...rest: [string]) =>
        key.startsWith('v1/checkpoints/') ? Promise.reject(new Error('the store is away')) : objects.put(key, ...rest),
    };
    const host = await createHost({ root, name: 'host', objects: broken });
    const ending = await host.attempt(standInJobs(), { plan: planOf(sftPlan().stages[0]!, { checkpointEverySteps: 1 }) });
    expect(ending.metrics).toBe(uninterrupted.metrics);
  });

  test('of a finished stage are removed from the disk when the next stage trains', async () => {
    const host = await createHost({ root, name: 'host' });
    const finished = 'e'.repeat(64);
    await mkdir(join(host.workDir, 'jobs', finished), { recursive: true });
    await host.artifacts.fileRecord({
      schemaVersion: 1,
      key: finished,
      stage: 'dom-inj',
      kind: 'dom-inj',
      implementationVersion: 1,
      params: {},
      inputs: {},
      outputs: {},
      summary: {},
      standIns: [],
      run: 'run-1',
      startedAt: new Date(0).toISOString(),
      finishedAt: new Date(0).toISOString(),
      attempts: 1,
      environment: {},
    });
    await host.attempt(standInJobs());
    expect(await readdir(join(host.workDir, 'jobs'))).toEqual([STAGE_KEY]);
  });
});

test('an attempt that a newer one overtakes ends, and files nothing more', async () => {
  const host = await createHost({ root, name: 'host' });
  const moments = new EventEmitter();
  const held = once(moments, 'held');
  const overtaken = host.attempt({
    run: (options) =>
      standInJobs().run({
        ...options,
        onEvent: async (event) => {
          if (atStep(6)(event)) {
            const released = once(moments, 'release');
            moments.emit('held');
            await released;
          }
          return options.onEvent(event);
        },
      }),
  });
  const refused = expect(overtaken).rejects.toThrow('was overtaken by attempt-2');
  await held;
  const newer = await host.attempt({
    run: async (options) => {
      moments.emit('release');
      await refused;
      expect((await filedSteps(host.objects)).filter((step) => step > 4)).toEqual([]);
      return standInJobs().run(options);
    },
  });
  expect(newer.metrics).toBe(uninterrupted.metrics);
});
