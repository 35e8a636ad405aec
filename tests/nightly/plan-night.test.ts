import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { planDifferences, planNight } from '../../activities/nightly/plan-night.js';
import { Plan } from '../../contracts/plan.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { createAsking } from '../../activities/synthesis/asking.js';
import type { TeacherPrompt } from '../../activities/synthesis/teacher-prompts.js';
import { createTeacherLedger } from '../../activities/teacher/ledger.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import type { TeacherRequest } from '../../contracts/teacher.js';
import { checkoutRoot } from '../../infra/checkout.js';
import { readyStages } from '../../workflows/core/schedule.js';
import { writeSmallPlant } from '../synthesis/small-plant.js';

let directory: string;
let text: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'judo-plan-night-'));
  await writeSmallPlant(directory, { images: 1 });
  text = await readFile(join(checkoutRoot(), 'recipes', 'judo-tiny.yaml'), 'utf8');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const artifacts = createArtifactStore({
  objects: createMemoryObjectStore(),
  cacheDir: join(tmpdir(), `judo-plan-night-cache-${process.pid}`),
});
const night = (dueAt: string, given: { sets?: string[]; freshTeacher?: boolean; text?: string; dataRoot?: string } = {}) =>
  planNight(
    {
      name: 'n',
      recipe: { file: 'recipes/judo-tiny.yaml', text: given.text ?? text },
      dataRoot: given.dataRoot ?? directory,
      sets: given.sets ?? [],
      command: 'judo run',
      freshTeacher: given.freshTeacher ?? false,
    },
    dueAt,
    artifacts,
    'digest',
  );

/** Every stage's key, with inputs that are the same for both plans. */
function keysOf(plan: Plan): Map<string, string> {
  const outputs = new Map(
    plan.stages.map((stage) => [stage.id, Object.fromEntries(stage.outputs.map((output) => [output, 'a'.repeat(64)]))]),
  );
  const keys = new Map<string, string>();
  for (const stage of plan.stages) {
    const others = new Set(plan.stages.map(({ id }) => id).filter((id) => id !== stage.id));
    for (const { key } of readyStages(plan, outputs, others)) keys.set(stage.id, key);
  }
  return keys;
}

const FIRST = '2026-11-21T01:00:00.000Z';
const SECOND = '2026-11-22T01:00:00.000Z';

describe("a night's plan", () => {
  test('has new keys for every stage, also where all inputs are the same bytes, and the same for the same night', async () => {
    const [first, again, second] = [keysOf(await night(FIRST)), keysOf(await night(FIRST)), keysOf(await night(SECOND))];
    expect(first.size).toBe((await night(FIRST)).stages.length);
    expect(again).toEqual(first);
    for (const [id, key] of second) expect([id, key === first.get(id)]).toEqual([id, false]);
  });

  test('tells what beside the night differs from another', async () => {
    const first = await night(FIRST);
    expect(planDifferences(first, await night(SECOND))).toEqual([]);
    // A plan read back from the store has its fields in another order.
    expect(planDifferences(Plan.parse(JSON.parse(canonicalJson(first))), await night(SECOND))).toEqual([]);
    expect(planDifferences(first, await night(SECOND, { freshTeacher: true }))).toEqual([]);
    expect(planDifferences(first, await night(SECOND, { sets: ['grpo.learningRate=2e-4'] }))).toEqual(['the recipe is another']);
    expect(planDifferences(first, await night(SECOND, { sets: ['seed=8'] }))).toEqual([
      'the base model is another',
      'the recipe is another',
    ]);
    const newer = { ...first, stages: first.stages.map((stage) => ({ ...stage, implementationVersion: stage.implementationVersion + 1 })) };
    expect(planDifferences(first, newer)).toEqual(["the stages' code is another version"]);
  });

  test('that does not resolve is refused with file and line and what to do', async () => {
    const wrong = 'schema: 1\nmodel: tiny\ndata: { root: . }\nstages:\n  seg-jux: { epoch: 4 }\n';
    await expect(night(FIRST, { text: wrong })).rejects.toMatchObject({
      failure: { type: 'InvalidSpec', message: expect.stringMatching(/recipes\/judo-tiny\.yaml:5:14: .*epoch.*did you mean "epochs"/) },
    });
    await expect(night(FIRST, { dataRoot: join(directory, 'gone') })).rejects.toThrow('gone is not a folder');
  });
});

const WORD: TeacherPrompt<string, { word: string }> = {
  version: 'word@1',
  name: 'word',
  output: z.strictObject({ word: z.string() }),
  system: 'Say a word.',
  user: (input) => input,
};

describe('the teacher', () => {
  async function paidOn(nights: { dueAt: string; freshTeacher: boolean }[]): Promise<number> {
    const asked: TeacherRequest[] = [];
    const ledger = createTeacherLedger({
      objects: createMemoryObjectStore(),
      client: {
        async ask(request) {
          asked.push(request);
          const usage = { inputTokens: 1, outputTokens: 1, answeredAt: new Date().toISOString(), rehearsal: true };
          return { schemaVersion: 1, model: 'm', status: 'ok', content: { word: 'yes' }, raw: '', ...usage };
        },
      },
    });
    for (const { dueAt, freshTeacher } of nights) {
      const stage = (await night(dueAt, { freshTeacher })).stages.find(({ id }) => id === 'seg-jux-data')!;
      const { salt, seed } = stage.params as { salt: string; seed: number };
      const asking = createAsking({
        params: { teacherModel: 'm', temperature: 0, maxOutputTokens: 9, seed, salt },
        ...{ dataRoot: directory, inputDirs: {}, outputDir: directory, codec: createSharpCodec(), ledger, concurrency: 1 },
        onProgress: () => undefined,
      });
      expect(await asking.ask(WORD, 'x')).toEqual({ word: 'yes' });
    }
    return asked.length;
  }

  test('is paid once for what two nights ask, and again for each night that wants it fresh', async () => {
    const [first, second] = [FIRST, SECOND];
    expect(await paidOn([first, second].map((dueAt) => ({ dueAt, freshTeacher: false })))).toBe(1);
    expect(await paidOn([first, second].map((dueAt) => ({ dueAt, freshTeacher: true })))).toBe(2);
    // The same night tried again pays nothing twice, fresh or not.
    expect(await paidOn([first, first].map((dueAt) => ({ dueAt, freshTeacher: true })))).toBe(1);
  });
});
