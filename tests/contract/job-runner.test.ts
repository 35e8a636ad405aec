import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jobArguments, jobEnvironment } from '../../adapters/python-job/spawn.js';
import { createPythonJobRunner } from '../../adapters/python-job/runner.js';
import type { StageError } from '../../contracts/failure.js';
import { JOB_EXIT, type JobEvent } from '../../contracts/job.js';
import type { RunJobOptions } from '../../contracts/ports/job-runner.js';
import { gone } from './process-gone.js';

const scripts = join(import.meta.dirname, 'job-scripts');
const runner = createPythonJobRunner({ python: 'python3', module: 'stand_in', env: { PYTHONPATH: scripts } });

let directory: string;
let events: JobEvent[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'judo-job-'));
  events = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function run(job: { life: string; code?: number }, options: Partial<RunJobOptions> = {}) {
  const file = (name: string) => join(directory, name);
  await writeFile(file('job.json'), JSON.stringify({ ...job, stopFile: file('stop') }));
  return runner.run({
    jobFile: file('job.json'),
    stopFile: file('stop'),
    logFile: file('log'),
    gpus: [],
    stallAfterMs: 30_000,
    stopGraceMs: 30_000,
    onEvent: (event) => void events.push(event),
    ...options,
  });
}
const failure = async (running: Promise<unknown>) =>
  running.then(
    () => expect.unreachable('the job did not fail'),
    (error: StageError) => error.failure,
  );
const log = () => readFile(join(directory, 'log'), 'utf8');

describe('a job that ends by itself', () => {
  test('finishes, with its events in order', async () => {
    expect(await run({ life: 'succeeds' })).toEqual({ outcome: 'finished' });
    expect(events.map((event) => event.event)).toEqual(['phase', 'step', 'finished']);
  });

  test.each([
    [JOB_EXIT.invalidSpec, 'InvalidSpec'],
    [JOB_EXIT.datasetCorrupt, 'DatasetCorrupt'],
    [JOB_EXIT.internal, 'Transient'],
    [JOB_EXIT.outOfGpuMemory, 'OutOfGpuMemory'],
    [JOB_EXIT.trainingDiverged, 'TrainingDiverged'],
    [JOB_EXIT.checkpointIncompatible, 'CheckpointIncompatible'],
    [JOB_EXIT.transient, 'Transient'],
    [JOB_EXIT.stopped, 'Transient'],
    [3, 'Transient'],
  ])('that exits with %i fails as %s', async (code, type) => {
    expect(await failure(run({ life: 'exits', code }))).toMatchObject({ type });
  });

  test('that explains itself fails with its own words, whatever the exit code', async () => {
    expect(await failure(run({ life: 'fails' }))).toMatchObject({ type: 'TrainingDiverged', message: 'loss is nan at step 3' });
  });

  test('that crashes fails with the end of its log, 2 KiB at most', async () => {
    const crash = await failure(run({ life: 'crashes' }));
    expect(crash.type).toBe('Transient');
    expect(crash.logTail).toContain('ZeroDivisionError: the last words');
    expect(crash.logTail!.length).toBeLessThanOrEqual(2048);
    expect(await log()).toContain('ééé');
  });

  test('that is killed by SIGKILL is tried again, and the remedy names memory', async () => {
    const killed = await failure(run({ life: 'killed' }));
    expect(killed).toMatchObject({ type: 'Transient', message: expect.stringContaining('SIGKILL') });
    expect(killed.remedy).toContain('memory');
  });

  test('that exits with 0 without having finished is a failure', async () => {
    expect(await failure(run({ life: 'exits', code: 0 }))).toMatchObject({
      type: 'Transient',
      message: expect.stringContaining('never said `finished`'),
    });
  });

  test('takes the processes with it that it left behind', async () => {
    expect(await run({ life: 'orphans' })).toEqual({ outcome: 'finished' });
  });

  test('that cannot be started names the interpreter and the remedy', async () => {
    const nowhere = createPythonJobRunner({ python: '/nowhere/python' });
    const options = { jobFile: 'job', stopFile: join(directory, 'stop'), logFile: join(directory, 'log'), gpus: [] };
    const missing = await failure(nowhere.run({ ...options, stallAfterMs: 1000, stopGraceMs: 1000, onEvent: () => undefined }));
    expect(missing.message).toContain('/nowhere/python');
    expect(missing.remedy).toContain('judo doctor');
  });
});

describe('what a job says', () => {
  test('that is no event goes to the log, and the events around it are heard', async () => {
    expect(await run({ life: 'babbles' })).toEqual({ outcome: 'finished' });
    expect(events.map((event) => event.event)).toEqual(['phase', 'finished']);
    const logged = await log();
    expect(logged).toContain('{"event": "step"}\n');
    expect(logged).toContain('no newline at the end\n');
    expect(logged).toContain('(295904 more bytes left out)');
    expect(logged.length).toBeLessThan(10_000);
  });

  test('is handled one event at a time, in order', async () => {
    let handling = 0;
    let most = 0;
    const steps: number[] = [];
    await run(
      { life: 'floods' },
      {
        onEvent: async (event) => {
          most = Math.max(most, ++handling);
          await Promise.resolve();
          if (event.event === 'step') steps.push(event.step);
          handling -= 1;
        },
      },
    );
    expect(most).toBe(1);
    expect(steps).toEqual(Array.from({ length: 2000 }, (_, step) => step));
  });

  test('ends the job when the listener throws, with the error of the listener', async () => {
    const refused = run(
      { life: 'hangs' },
      {
        onEvent: () => {
          throw new Error('no room');
        },
      },
    );
    await expect(refused).rejects.toThrow('no room');
  });
});

describe('a job that must be ended', () => {
  test('is killed as stalled when it says no event for too long; log lines are no life', async () => {
    const stalled = await failure(run({ life: 'hangs' }, { stallAfterMs: 5_000 }));
    expect(stalled).toMatchObject({ type: 'StalledTraining', message: expect.stringContaining('5 s after `phase`') });
    expect(stalled.logTail).toContain('still here');
  }, 30_000);

  test('writes its checkpoint on request and resolves as stopped', async () => {
    const cancel = new AbortController();
    const onEvent = (event: JobEvent) => {
      events.push(event);
      if (event.event === 'phase') cancel.abort();
    };
    expect(await run({ life: 'stops' }, { signal: cancel.signal, onEvent })).toEqual({ outcome: 'stopped' });
    expect(events.map((event) => event.event)).toEqual(['phase', 'checkpoint', 'stopped']);
  });

  test('is killed with all its children when it ignores the stop file and SIGTERM', async () => {
    const cancel = new AbortController();
    let child = 0;
    const onEvent = (event: JobEvent) => {
      if (event.event !== 'phase' || !event.phase.startsWith('child')) return;
      child = Number(event.phase.split(' ')[1]);
      cancel.abort();
    };
    expect(await run({ life: 'deaf' }, { signal: cancel.signal, stopGraceMs: 200, onEvent })).toEqual({ outcome: 'stopped' });
    await gone(child);
  });

  test('is not even started when it is cancelled before', async () => {
    expect(await run({ life: 'succeeds' }, { signal: AbortSignal.abort() })).toEqual({ outcome: 'stopped' });
    expect(events).toEqual([]);
  });
});

describe('what a job is given', () => {
  test('is a whitelist of the environment: no credential reaches it', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'a secret';
    process.env['JUDO_SIMULATE_OOM_AT_STEP'] = '3';
    await run({ life: 'environment' });
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    delete process.env['JUDO_SIMULATE_OOM_AT_STEP'];
    expect(await log()).not.toContain('a secret');
    expect(JSON.parse(await log())).toMatchObject({ CUDA_VISIBLE_DEVICES: '', JUDO_SIMULATE_OOM_AT_STEP: '3', HOME: process.env['HOME'] });
  });

  test('is torchrun and its GPUs when there are several', () => {
    expect(jobArguments('judo_gpu', '/job.json', ['2', '3']).join(' ')).toBe(
      '-m torch.distributed.run --standalone --nproc-per-node 2 -m judo_gpu run /job.json',
    );
    expect(jobEnvironment({ CUDA_VISIBLE_DEVICES: '0,1', HF_TOKEN: 'hub' }, ['2', '3'])).toMatchObject({
      CUDA_VISIBLE_DEVICES: '2,3',
      HF_TOKEN: 'hub',
    });
  });
});
