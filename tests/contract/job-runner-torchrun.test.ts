import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPythonJobRunner } from '../../adapters/python-job/runner.js';
import type { StageError } from '../../contracts/failure.js';
import { JOB_EXIT } from '../../contracts/job.js';
import type { RunJobOptions } from '../../contracts/ports/job-runner.js';
import { gone } from './process-gone.js';

const judoHome = process.env['JUDO_HOME'] ?? join(import.meta.dirname, '..', '..', '.judo');
const python = join(judoHome, 'venv', 'bin', 'python');
const scripts = join(import.meta.dirname, 'job-scripts');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'judo-torchrun-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The real torchrun, two processes, no torch in them. */
async function run(job: { life: string; code?: number }, options: Partial<RunJobOptions> = {}) {
  const file = (name: string) => join(directory, name);
  await writeFile(file('job.json'), JSON.stringify({ ...job, stopFile: file('stop') }));
  return createPythonJobRunner({ python, module: 'stand_in', env: { PYTHONPATH: scripts } }).run({
    jobFile: file('job.json'),
    stopFile: file('stop'),
    logFile: file('log'),
    gpus: ['0', '1'],
    stallAfterMs: 120_000,
    stopGraceMs: 100,
    onEvent: () => undefined,
    ...options,
  });
}

describe.skipIf(!existsSync(python))('a job of several processes (skipped where the Python environment is not installed)', () => {
  test('fails as the process failed that failed first, although torchrun itself exits with 1', async () => {
    const failure = await run({ life: 'rank 1 exits', code: JOB_EXIT.outOfGpuMemory }).then(
      () => expect.unreachable('the job did not fail'),
      (error: StageError) => error.failure,
    );
    expect(failure).toMatchObject({ type: 'OutOfGpuMemory', message: expect.stringContaining('exit code 71') });
  }, 120_000);

  test('leaves none of its processes, though torchrun starts each in a session of its own', async () => {
    const cancel = new AbortController();
    const ranks: number[] = [];
    const ended = await run(
      { life: 'ranks hang' },
      {
        signal: cancel.signal,
        onEvent: (event) => {
          const pid = event.event === 'phase' ? /^child (\d+)$/.exec(event.phase) : null;
          if (pid !== null) ranks.push(Number(pid[1]));
          if (ranks.length === 2) cancel.abort();
        },
      },
    );
    expect(ended).toEqual({ outcome: 'stopped' });
    expect(ranks).toHaveLength(2);
    await Promise.all(ranks.map(gone));
  }, 120_000);
});
