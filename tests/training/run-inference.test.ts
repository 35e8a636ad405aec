import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunInference } from '../../activities/inference/run-inference.js';
import type { JobRunner } from '../../contracts/ports/job-runner.js';
import { InferenceParams } from '../../contracts/stages/mmad-eval.js';
import type { StageProgress } from '../../contracts/run.js';
import { createHost, killingJobs, overheard, removeTree, standInJobs, STAGE_KEY, temporaryFolder } from './training-host.js';

const requests = Array.from({ length: 40 }, (_, index) => ({ id: `q${index}`, images: [], prompt: `question ${index}` }));
const answersAsked = requests.map(({ id, prompt }) => ({ id, text: prompt.toUpperCase(), tokens: 1 }));

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => removeTree(root));

async function createInference() {
  const { objects, artifacts, inputDirs } = await createHost({ root, name: 'host' });
  const progress: StageProgress[] = [];
  const run = (jobs: JobRunner, { asked = requests, signal = new AbortController().signal } = {}) =>
    createRunInference({ artifacts, objects, jobs, workDir: join(root, 'work'), gpus: [], stallAfterMs: 60_000, stopGraceMs: 60_000 })({
      stageKey: STAGE_KEY,
      policyDir: inputDirs.policy,
      imagesDir: inputDirs.data,
      requests: asked,
      params: InferenceParams.parse({}),
      seed: 0,
      deviceBatch: 2,
      signal,
      onProgress: (news) => progress.push(news),
    });
  return { run, progress };
}

test('every request is answered, in the order asked, and the progress counts answers', async () => {
  const { run, progress } = await createInference();
  expect(await run(standInJobs())).toEqual(answersAsked);
  expect(progress.at(-1)).toMatchObject({ done: 40, total: 40, unit: 'answer', checkpointStep: 40 });
});

test('answers of a killed job that were filed are not asked again', async () => {
  const { run } = await createInference();
  const waiting = standInJobs({ JUDO_SIMULATE_WAIT_AT_STEP: '16' });
  await expect(run(killingJobs(waiting, (event) => event.event === 'answers' && event.done === 16))).rejects.toThrow('SIGKILL');
  const totals: number[] = [];
  const counted = overheard(standInJobs(), (event) => event.event === 'started' && totals.push(event.totalSteps));
  expect(await run(counted)).toEqual(answersAsked);
  expect(totals[0]).toBeLessThanOrEqual(40 - 8);
});

test('a repeated attempt asks nothing when all is filed', async () => {
  const { run } = await createInference();
  await run(standInJobs());
  expect(await run({ run: () => expect.unreachable('a job was started') })).toEqual(answersAsked);
});

test('a cancelled job throws the cancellation, and what was filed stays', async () => {
  const { run } = await createInference();
  const cancel = new AbortController();
  const jobs = overheard(
    standInJobs({ JUDO_SIMULATE_WAIT_AT_STEP: '8' }),
    (event) => event.event === 'answers' && cancel.abort(new Error('cancelled')),
  );
  await expect(run(jobs, { signal: cancel.signal })).rejects.toThrow('cancelled');
  const totals: number[] = [];
  await run(overheard(standInJobs(), (event) => event.event === 'started' && totals.push(event.totalSteps)));
  expect(totals).toEqual([32]);
});
