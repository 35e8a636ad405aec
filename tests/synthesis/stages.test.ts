import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { synthesizeDomainSet } from '../../activities/synthesis/domain-set.js';
import { generateGoldenReasoning } from '../../activities/synthesis/golden-reasoning.js';
import { Comparison, readRows } from '../../activities/synthesis/rows-file.js';
import { synthesizeSegmentationSet } from '../../activities/synthesis/segmentation-set.js';
import { NORMAL_COMPARISON } from '../../activities/datasets/grid.js';
import { GrpoRow, SftRow } from '../../contracts/rows.js';
import type { StageProgress } from '../../contracts/run.js';
import { DomInjDataParams } from '../../contracts/stages/dom-inj-data.js';
import { GoldenReasoningParams } from '../../contracts/stages/golden-reasoning.js';
import { SegJuxDataParams } from '../../contracts/stages/seg-jux-data.js';
import type { TeacherReply } from '../../contracts/teacher.js';
import { rehearse, type Rehearsed } from './rehearsed.js';
import { writeSmallPlant } from './small-plant.js';

let stage: Rehearsed;
let plant: string;
beforeEach(async () => {
  stage = await rehearse();
  plant = join(stage.folder, 'plant');
});
afterEach(() => stage.stop());

const refusal = (reply: TeacherReply): TeacherReply => ({ ...reply, status: 'refused', content: null, raw: 'I cannot.' });
const rowsOf = (name: string): Promise<SftRow[]> => readRows(join(stage.folder, name, 'rows.jsonl'), SftRow);
const goldenOf = (name: string): Promise<GrpoRow[]> => readRows(join(stage.folder, name, 'rows.jsonl'), GrpoRow);

async function redPixels(image: Buffer): Promise<number> {
  const data = await sharp(image).raw().toBuffer();
  let red = 0;
  for (let at = 0; at < data.length; at += 3) if (data[at]! > 180 && data[at + 1]! < 80 && data[at + 2]! < 80) red++;
  return red;
}

describe('the segmentation set', () => {
  const params = SegJuxDataParams.parse({ imagesPerDefect: 2 });

  test('has the cells of the mask and the teacher’s comparison, and a fixed sentence for normal queries', async () => {
    await writeSmallPlant(plant);
    const { summary, usage, standIns } = await synthesizeSegmentationSet(stage.context(plant, 'seg', params));
    expect(summary).toMatchObject({ rows: 5, images: 5, normal: 1, withoutMask: 0, lost: 0 });
    expect(usage).toMatchObject({ paidCalls: 4, filedCalls: 0, usd: 0 });
    expect(standIns).toEqual(['rehearsal-teacher']);
    const rows = await rowsOf('seg');
    const stain = rows.find(({ id }) => id === 'Plant/plate/test/stain/000.png');
    // The stain is 30x30 pixels at (10, 100), cells are 10x10: columns 2 to 4 of rows 11 to 13.
    expect(stain?.completion).toMatch(/^<seg> \(11,2\)-\(11,4\) , \(12,2\)-\(12,4\) , \(13,2\)-\(13,4\) <\/seg>\n<think> .+ <\/think>$/);
    expect(stain?.images[1]).toMatch(/^Plant\/plate\/train\/good\//);
    const normal = rows.find(({ id }) => id.includes('/good/'));
    expect(normal?.completion).toBe(`<seg> None </seg>\n<think> ${NORMAL_COMPARISON} </think>`);
    const comparisons = await readRows(join(stage.folder, 'seg', 'comparisons.jsonl'), Comparison);
    expect(comparisons.map(({ imageKey }) => imageKey)).toEqual(rows.map(({ imageKey }) => imageKey));
  });

  test('shows the teacher a red outline on the query only', async () => {
    await writeSmallPlant(plant, { images: 1 });
    await synthesizeSegmentationSet(stage.context(plant, 'seg', params));
    for (const { images } of stage.calls) {
      expect(await redPixels(images[0]!)).toBeGreaterThan(200);
      expect(await redPixels(images[1]!)).toBe(0);
    }
  });

  test('leaves out defective images without a mask, and says how many', async () => {
    await writeSmallPlant(plant, { stainsWithoutMask: true });
    const { summary } = await synthesizeSegmentationSet(stage.context(plant, 'seg', params));
    expect(summary).toMatchObject({ rows: 3, withoutMask: 2, lost: 0 });
  });

  test('asks again for a comparison that speaks of the outline', async () => {
    await writeSmallPlant(plant, { images: 1 });
    stage.alter = ({ sampleIndex }, reply) =>
      sampleIndex === 0
        ? {
            ...reply,
            content: { comparison: 'In the first image the red outline marks a dark place that the second image does not show.' },
          }
        : reply;
    const { usage } = await synthesizeSegmentationSet(stage.context(plant, 'seg', params));
    expect(usage.paidCalls).toBe(4);
    for (const { completion } of await rowsOf('seg')) expect(completion).not.toMatch(/outline/);
  });

  test('a second time is byte for byte the same, and pays nothing', async () => {
    await writeSmallPlant(plant);
    await synthesizeSegmentationSet(stage.context(plant, 'first', params));
    const again = await synthesizeSegmentationSet(stage.context(plant, 'second', params, { concurrency: 1 }));
    expect(again.usage).toMatchObject({ paidCalls: 0, filedCalls: 4, inputTokens: 0 });
    const [first, second] = await Promise.all(['first', 'second'].map((name) => readFile(join(stage.folder, name, 'rows.jsonl'), 'utf8')));
    expect(second).toBe(first);
  });
});

describe('the domain set', () => {
  const params = DomInjDataParams.parse({ pairsPerSnippet: 12 });

  test('has every pair with its paraphrases beside a normal image of the class, and no question twice', async () => {
    await writeSmallPlant(plant);
    const { summary } = await synthesizeDomainSet(stage.context(plant, 'dom', params));
    expect(summary).toMatchObject({ rows: 108, snippets: 3, pairs: 36, lost: 0 });
    const rows = await rowsOf('dom');
    expect(new Set(rows.map(({ id }) => id)).size).toBe(108);
    expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(108);
    for (const { images, imageKey } of rows) {
      expect(images).toEqual([expect.stringMatching(/^Plant\/plate\/train\/good\/00[0-2]\.png$/)]);
      expect(imageKey).toBeNull();
    }
    expect(new Set(rows.map(({ images }) => images[0])).size).toBe(3);
  });

  test('tells the teacher in each batch what was asked before', async () => {
    await writeSmallPlant(plant);
    await synthesizeDomainSet(stage.context(plant, 'dom', { ...params, paraphrasesPerPair: 0 }));
    const second = stage.calls.filter(({ request }) => request.user.includes('<already_asked>'));
    expect(second).toHaveLength(3);
    for (const { request } of second) expect(request.user).toMatch(/<count>2<\/count>/);
  });

  test('fails when more than 5 % of the pairs are lost, with what to do', async () => {
    await writeSmallPlant(plant);
    stage.alter = (request, reply) => (request.user.includes('<condition>stain') ? { ...refusal(reply), status: 'truncated' } : reply);
    await expect(synthesizeDomainSet(stage.context(plant, 'dom', params))).rejects.toMatchObject({
      failure: {
        type: 'TeacherRefused',
        message: expect.stringMatching(/^12 of 36 question-answer pairs are lost/),
        remedy: expect.stringContaining('maxOutputTokens'),
      },
    });
  });

  test('goes on with less when a few paraphrases are lost', async () => {
    await writeSmallPlant(plant);
    const { calls } = stage;
    let refused: string | undefined;
    stage.alter = (request, reply) => {
      if (request.schema.name === 'paraphrase') refused ??= request.user;
      return request.user === refused ? refusal(reply) : reply;
    };
    const { summary, usage } = await synthesizeDomainSet(stage.context(plant, 'dom', params));
    expect(summary).toMatchObject({ rows: 106, pairs: 36, lost: 2 });
    expect(usage.refused).toBe(3);
    expect(calls.filter(({ request }) => request.user === refused)).toHaveLength(3);
  });
});

describe('golden reasoning', () => {
  const params = GoldenReasoningParams.parse({ imagesPerDefect: 2 });

  test('has a row for every question of the training images, with all that the rewards need', async () => {
    await writeSmallPlant(plant);
    const { summary } = await generateGoldenReasoning(stage.context(plant, 'golden', params));
    expect(summary).toMatchObject({ rows: 9, images: 5, comparisons: 0, lost: 0 });
    const rows = await goldenOf('golden');
    for (const row of rows) {
      const words = row.golden.split(/\s+/).length;
      expect(words).toBeGreaterThanOrEqual(35);
      expect(words).toBeLessThanOrEqual(101);
      expect(row.golden).toMatch(new RegExp(`\\b${row.solution}\\.$`));
      for (const option of Object.values(row.options)) expect(row.prompt).toContain(option);
      expect(row.cells.length > 0).toBe(!row.imageKey.includes('/good/'));
    }
  });

  test('reads the comparison of the segmentation set where there is one', async () => {
    await writeSmallPlant(plant);
    await synthesizeSegmentationSet(stage.context(plant, 'seg', SegJuxDataParams.parse({ imagesPerDefect: 2 })));
    const inputDirs = { comparisons: join(stage.folder, 'seg') };
    const { summary } = await generateGoldenReasoning(stage.context(plant, 'golden', params, { inputDirs }));
    expect(summary.comparisons).toBe(5);
    const asked = stage.calls.filter(({ request }) => request.schema.name === 'golden-reasoning');
    expect(asked).toHaveLength(9);
    for (const { request } of asked) expect(request.user).toMatch(/<comparison>.+<\/comparison>/);
  });

  test('names the file when an input holds no comparisons, or a line of them is broken', async () => {
    await writeSmallPlant(plant, { images: 1 });
    const run = () => generateGoldenReasoning(stage.context(plant, 'golden', params, { inputDirs: { comparisons: stage.folder } }));
    await expect(run()).rejects.toMatchObject({
      failure: { type: 'ArtifactMissing', message: expect.stringContaining('comparisons.jsonl') },
    });
    await writeFile(join(stage.folder, 'comparisons.jsonl'), '{"imageKey":"a","comparison":"b"}\n{"half');
    await expect(run()).rejects.toMatchObject({
      failure: { type: 'DatasetCorrupt', message: expect.stringContaining('comparisons.jsonl line 2') },
    });
  });

  test('asks again for reasoning that is too short, and loses it after the last sample', async () => {
    await writeSmallPlant(plant);
    stage.alter = (_, reply) => ({ ...reply, content: { reasoning: 'So the answer is A.' } });
    await expect(generateGoldenReasoning(stage.context(plant, 'golden', params))).rejects.toMatchObject({
      failure: { type: 'TeacherRefused', message: expect.stringMatching(/^9 of 9 golden reasonings are lost/) },
    });
    expect(stage.calls).toHaveLength(27);
  });

  test('cancelled in the middle and started again pays each request once, and tells progress that never falls', async () => {
    await writeSmallPlant(plant);
    const cancel = new AbortController();
    const onProgress = ({ done }: StageProgress): void => (done === 3 ? cancel.abort(new Error('cancelled')) : undefined);
    const first = stage.context(plant, 'golden', params, { onProgress, signal: cancel.signal, concurrency: 2 });
    await expect(generateGoldenReasoning(first)).rejects.toThrow('cancelled');
    const progress: StageProgress[] = [];
    const paidSince = new Date(0);
    const { summary, usage } = await generateGoldenReasoning(
      stage.context(plant, 'golden', params, { onProgress: (told) => progress.push(told), ledger: first.ledger, paidSince }),
    );
    expect(summary.rows).toBe(9);
    expect(stage.calls).toHaveLength(9);
    expect(usage.paidCalls).toBe(9);
    expect(progress.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(progress.at(-1)).toMatchObject({ total: 9, unit: 'questions', metrics: { paidCalls: 9 } });
  });

  test('a class without any other normal image is a fault of the dataset that is named', async () => {
    await writeSmallPlant(plant, { images: 1 });
    const index = JSON.parse(await readFile(join(plant, 'mmad.json'), 'utf8')) as Record<
      string,
      { random_templates: []; similar_templates: [] }
    >;
    for (const entry of Object.values(index)) Object.assign(entry, { random_templates: [], similar_templates: [] });
    await writeFile(join(plant, 'mmad.json'), JSON.stringify(index));
    await rm(join(plant, 'Plant/plate/train'), { recursive: true });
    await expect(generateGoldenReasoning(stage.context(plant, 'golden', params))).rejects.toMatchObject({
      failure: { type: 'DatasetCorrupt', message: expect.stringContaining('Plant/plate has no normal image') },
    });
  });
});
