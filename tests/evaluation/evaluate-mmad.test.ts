import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMmad, type MmadDataset } from '../../activities/datasets/mmad-dataset.js';
import { buildEvaluation, sampleImages } from '../../activities/evaluation/build-evaluation.js';
import { createEvaluateMmad, readAnswers, type RunInference } from '../../activities/evaluation/evaluate-mmad.js';
import { IMAGE_MARK } from '../../activities/evaluation/prompts.js';
import { scoreAnswers } from '../../activities/evaluation/scoring.js';
import type { StageContext } from '../../activities/stage/context.js';
import { ScoredAnswer } from '../../contracts/question.js';
import { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import { drawBenchmark, examplePlan } from '../report/example-run.js';

const PCB = resolve('../shared/data/pcb-mini');
let root: string;
let dataset: MmadDataset;
const params = (given: object = {}): MmadEvalParams => MmadEvalParams.parse({ seed: 7, ...given });

beforeAll(async () => {
  root = await drawBenchmark(await mkdtemp(join(tmpdir(), 'evaluate-')));
  dataset = await readMmad(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('requests of profile judo_eval', () => {
  test('give the query before the normal image, and the student’s own prompt', () => {
    const { requests, asked } = buildEvaluation(dataset, params());
    expect(requests[0]!.images).toEqual([asked[0]!.imageKey, 'Shop/plate/train/good/0.png']);
    expect(requests[0]!.prompt).toContain('The first image is the query image');
    expect(requests[0]!.prompt).not.toContain(IMAGE_MARK);
  });

  test('shuffle the options by seed and question, and the right letter follows its text', () => {
    const { asked } = buildEvaluation(dataset, params());
    const four = asked.filter((one) => Object.keys(one.options).length === 4);
    for (const one of four) {
      expect(Object.keys(one.options)).toEqual(['A', 'B', 'C', 'D']);
      expect(one.options[one.answer]).toMatch(/^The right one of/);
    }
    expect(new Set(four.map((one) => one.answer)).size).toBe(4);
    expect(buildEvaluation(dataset, params()).asked).toEqual(asked);
    expect(buildEvaluation(dataset, params({ seed: 8 })).asked).not.toEqual(asked);
  });

  test('refuse another number of shots than the prompt speaks of', () => {
    expect(() => buildEvaluation(dataset, params({ shots: 0 }))).toThrow(/judo_eval speaks of two images and was given shots: 0/);
  });
});

describe('requests of profile mmad', () => {
  const mmad = (given: object = {}) => buildEvaluation(dataset, params({ promptProfile: 'mmad', ...given }));

  test('put the template first and the query last, the options as the benchmark has them', () => {
    const { requests, asked } = mmad();
    const index = asked.findIndex((one) => one.type === 'Defect Analysis');
    expect(requests[index]!.images).toEqual(['Shop/plate/train/good/0.png', asked[index]!.imageKey]);
    expect(requests[index]!.prompt.slice(requests[index]!.prompt.indexOf('Following is/are'))).toBe(
      [
        'Following is/are 1 image of normal sample, which can be used as a template to compare the image being queried.',
        IMAGE_MARK,
        'Following is the query image: ',
        IMAGE_MARK,
        'Following is the question list: ',
        'Question 1: What is true of the defect analysis? \nA. The right one of Defect Analysis.\nB. Something else.\nC. Nothing.\nD. It cannot be told.\n',
      ].join('\n'),
    );
  });

  test('have a mark for each of their images, and none without a template', () => {
    for (const shots of [0, 1]) {
      for (const { prompt, images } of mmad({ shots }).requests) expect(prompt.split(IMAGE_MARK).length - 1).toBe(images.length);
    }
    expect(mmad({ shots: 0 }).requests[0]!.prompt).not.toContain('normal sample');
  });

  test('hold all snippets of the class with RAG, in file order', () => {
    expect(mmad({ domainKnowledge: true }).requests[0]!.prompt).toContain('Scratches are bright lines.\nAn even surface.');
    expect(mmad().requests[0]!.prompt).not.toContain('Scratches are bright lines.');
  });

  test('say which image has too few templates', () => {
    expect(() => mmad({ shots: 3 })).toThrow(/Shop\/plate\/test\/scratch\/000.png names 1 random templates, and shots: 3/);
  });
});

describe('a sample of the images', () => {
  test('takes from every class and defect in turn, in the benchmark’s order, the same each time', () => {
    const sample = sampleImages(dataset.images, { limitImages: 4, seed: 1 });
    expect(new Set(sample.map((image) => `${image.object}/${image.defect}`)).size).toBe(4);
    const places = sample.map((image) => dataset.images.indexOf(image));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(sampleImages(dataset.images, { limitImages: 4, seed: 1 })).toEqual(sample);
  });

  test('is everything where the limit is not smaller', () => {
    expect(sampleImages(dataset.images, { limitImages: 999, seed: 1 })).toBe(dataset.images);
  });
});

describe('the stage', () => {
  /** A policy that knows every answer of the first product and says nothing of the second. */
  const halfBlind: RunInference = ({ requests }) => {
    const asked = new Map(buildEvaluation(dataset, params()).asked.map((one) => [one.id, one]));
    return Promise.resolve(
      requests.map(({ id }) => ({
        id,
        text: id.includes('plate') ? `<answer>${asked.get(id)!.answer}</answer>` : 'I do not know',
        tokens: 3,
      })),
    );
  };

  async function run(runInference: RunInference): Promise<{ files: Record<string, string>; summary: Record<string, unknown> }> {
    const plan = await examplePlan(root, ['mmad-eval.limitImages=null']);
    const stage = plan.stages.find((one) => one.id === 'mmad-eval')!;
    const output = await mkdtemp(join(tmpdir(), 'answers-'));
    const context: StageContext = {
      task: { key: '0'.repeat(64), stage: stage.id, kind: stage.kind, plan: '0'.repeat(64), run: 'r' },
      stage,
      plan,
      inputDirs: { data: root, policy: root },
      inputDigests: {},
      outputDirs: { answers: output },
      inputRecords: [],
      attempt: 1,
      firstAttemptAt: new Date(0),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    };
    const { summary } = await createEvaluateMmad({ runInference })(context);
    const files = {
      answers: await readFile(join(output, 'answers.jsonl'), 'utf8'),
      scores: await readFile(join(output, 'scores.json'), 'utf8'),
    };
    await rm(output, { recursive: true });
    return { files, summary };
  }

  test('files every answer with its letter, and the scorer’s figures; the same bytes a second time', async () => {
    const { files, summary } = await run(halfBlind);
    const answers = files['answers']!.trimEnd()
      .split('\n')
      .map((line) => ScoredAnswer.parse(JSON.parse(line)));
    expect(answers).toHaveLength(60);
    expect(answers.every((answer) => answer.correct === answer.imageKey.includes('plate'))).toBe(true);
    expect(JSON.parse(files['scores']!)).toEqual(JSON.parse(JSON.stringify(scoreAnswers(answers, 'strict'))));
    expect(summary).toMatchObject({ average: 50, micro: 50, n: 60, unparseable: 30, 'Defect Analysis': 50 });
    expect((await run(halfBlind)).files).toEqual(files);
  });

  test('never takes a question without an answer for a wrong one', async () => {
    await expect(run(async (options) => (await halfBlind(options)).slice(1))).rejects.toThrow(
      /1 of 60 questions unanswered, the first Shop\/plate/,
    );
  });
});

test.skipIf(!existsSync(PCB))('every question of the real circuit boards becomes a request whose pictures exist', async () => {
  const boards = await readMmad(PCB);
  const { requests, asked } = buildEvaluation(boards, params());
  expect(requests).toHaveLength(899);
  expect(new Set(requests.map((request) => request.id)).size).toBe(899);
  expect(requests.flatMap((request) => request.images).filter((image) => !existsSync(join(PCB, image)))).toEqual([]);
  const right = readAnswers(
    asked,
    asked.map((one) => ({ id: one.id, text: `<answer>${one.answer}</answer>`, tokens: 1 })),
    'judo_eval',
  );
  expect(scoreAnswers(right).overall.average?.percent).toBe(100);
});
