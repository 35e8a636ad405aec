import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, test, type ExpectStatic } from 'vitest';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { createPythonJobRunner } from '../../adapters/python-job/runner.js';
import { createRunInference } from '../../activities/inference/run-inference.js';
import type { JobRunner } from '../../contracts/ports/job-runner.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { InferenceParams } from '../../contracts/stages/mmad-eval.js';
import { SftParams } from '../../contracts/stages/sft.js';
import { pidWith } from '../contract/process-gone.js';
import { createHost, filedSteps, overheard, planOf, removeTree, STAGE_KEY, temporaryFolder } from './training-host.js';

const checkout = join(import.meta.dirname, '..', '..');
const python = join(process.env['JUDO_HOME'] ?? join(checkout, '.judo'), 'venv', 'bin', 'python');
const realJobs = (env: Record<string, string> = {}): JobRunner =>
  createPythonJobRunner({ python, env: { PYTHONPATH: join(checkout, 'gpu-worker', 'src'), OMP_NUM_THREADS: '1', ...env } });

/** So many that a trainer which is killed or cancelled early is not through before a busy host gets to it. */
const STEPS = 12;
const plan = planOf(
  { kind: 'seg-jux', params: SftParams.parse({ seed: 3, imageSize: 56, batchSize: 4, maxSteps: STEPS, learningRate: 1e-3 }) },
  { checkpointEverySteps: 2, deviceBatch: { sft: 2, grpo: 4, infer: 4 } },
);
const policyHash = async (directory: string) =>
  createHash('sha256')
    .update(await readFile(join(directory, 'model.safetensors')))
    .digest('hex');

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => removeTree(root));

/** A host with the tiny model and rows over small pictures; its name is its folder's, so that tests may run at once. */
async function createTinyHost(name: string, objects: ObjectStore) {
  const host = await createHost({ root, name, objects });
  const picture = await sharp({ create: { width: 56, height: 56, channels: 3, background: '#886644' } })
    .png()
    .toBuffer();
  const images = ['query.png', 'normal.png'];
  for (const image of images) await writeFile(join(host.inputDirs.data, image), picture);
  const rows = Array.from({ length: 12 }, (_, index) => ({
    id: `row-${index}`,
    imageKey: null,
    images,
    prompt: `Which cells of the board differ? (${index})`,
    completion: `<seg>(1,${index + 1})</seg>`,
  }));
  await writeFile(join(host.inputDirs.rows, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(join(host.inputDirs.policy, 'model-ref.json'), JSON.stringify({ kind: 'tiny', seed: 1 }));
  return host;
}

// Starting Python and its libraries is most of the time: the tests run at once, and so do the two runs that are compared.
describe.skipIf(!existsSync(python)).concurrent('the real trainer with the tiny model (skipped without the Python environment)', () => {
  test('killed with SIGKILL and cancelled, over three hosts, ends with the metrics and weights of an undisturbed run', async ({
    expect,
  }) => {
    const undisturbed = await createTinyHost('undisturbed', createMemoryObjectStore());
    const [whole, { ending, lastFiled }] = await Promise.all([undisturbed.attempt(realJobs(), { plan }), disturbedRun(expect)]);
    expect(ending.findings.summary).toMatchObject({ steps: STEPS, resumedAtStep: lastFiled });
    expect(ending.metrics).toBe(whole.metrics);
    expect(await policyHash(ending.outputDirs.policy)).toBe(await policyHash(whole.outputDirs.policy));
  }, 300_000);

  test('that has no memory left says so, and keeps its checkpoint', async ({ expect }) => {
    const objects = createMemoryObjectStore();
    const host = await createTinyHost('starved', objects);
    const starved = host.attempt(realJobs({ JUDO_SIMULATE_OOM_AT_STEP: '4' }), { plan });
    await expect(starved).rejects.toMatchObject({ failure: { type: 'OutOfGpuMemory', remedy: expect.stringContaining('deviceBatch') } });
    expect(await filedSteps(objects)).toEqual([2]);
  }, 300_000);

  test('answers requests in their order', async ({ expect }) => {
    const host = await createTinyHost('answering', createMemoryObjectStore());
    const workDir = join(root, 'inference');
    await mkdir(workDir);
    const infer = createRunInference({ ...host, jobs: realJobs(), workDir, gpus: [], stallAfterMs: 120_000, stopGraceMs: 30_000 });
    const requests = [3, 1, 2].map((number) => ({ id: `q${number}`, images: ['query.png'], prompt: `Question ${number}?` }));
    const answers = await infer({
      stageKey: STAGE_KEY,
      policyDir: host.inputDirs.policy,
      imagesDir: host.inputDirs.data,
      requests,
      params: InferenceParams.parse({ imageSize: 56, maxNewTokens: 4 }),
      seed: 1,
      deviceBatch: 2,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(answers.map(({ id }) => id)).toEqual(['q3', 'q1', 'q2']);
    expect(answers.every(({ tokens }) => tokens <= 4)).toBe(true);
  }, 300_000);
});

/** Killed on its first host, cancelled on its second, ended on its third. */
async function disturbedRun(expect: ExpectStatic) {
  const objects = createMemoryObjectStore();
  const first = await createTinyHost('first', objects);
  await expect(first.attempt(killedAt(3), { plan })).rejects.toThrow('SIGKILL');
  const killedAfter = (await filedSteps(objects)).at(-1)!;
  expect(killedAfter).toBeGreaterThanOrEqual(2);
  expect(killedAfter).toBeLessThan(STEPS);

  const second = await createTinyHost('second', objects);
  const cancel = new AbortController();
  const cancelled = overheard(
    realJobs(),
    (event) => event.event === 'step' && event.step === killedAfter + 2 && cancel.abort(new Error('cancelled')),
  );
  await expect(second.attempt(cancelled, { plan, signal: cancel.signal })).rejects.toThrow('cancelled');
  const lastFiled = (await filedSteps(objects)).at(-1)!;
  expect(lastFiled).toBeGreaterThanOrEqual(killedAfter + 2);
  expect(lastFiled).toBeLessThan(STEPS);

  const third = await createTinyHost('third', objects);
  return { ending: await third.attempt(realJobs(), { plan }), lastFiled };
}

/** The real trainer does not tell its process id; its direct child is found by the job file it was given. */
function killedAt(step: number): JobRunner {
  return {
    run: (options) =>
      realJobs().run({
        ...options,
        onEvent: async (event) => {
          await options.onEvent(event);
          if (event.event === 'step' && event.step === step) process.kill(await pidWith(options.jobFile), 'SIGKILL');
        },
      }),
  };
}
