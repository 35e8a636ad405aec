import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetFiles, normalImages, objectClasses, readMmad, selectTrainingImages, trueCells } from '../../activities/datasets/mmad.js';
import { readMmadIndex } from '../../activities/datasets/mmad-index.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import type { StageError } from '../../contracts/failure.js';
import { createBenchmark, type Benchmark } from './benchmark-fixture.js';

const codec = createSharpCodec();
const rule = { coverageThreshold: 0, fallbackAnyPixel: true };
let benchmark: Benchmark;
beforeEach(async () => {
  benchmark = await createBenchmark();
});
afterEach(() => benchmark.remove());

describe('reading a benchmark', () => {
  test('keeps the order of mmad.json and reads each key', async () => {
    const { images } = await readMmad(benchmark.root);
    expect(images.map(({ key }) => key)).toEqual(Object.keys(benchmark.entries));
    expect(images[0]).toMatchObject({
      dataset: 'DS-MVTec',
      object: 'bottle',
      defect: 'broken_large',
      isNormal: false,
      maskPaths: ['DS-MVTec/bottle/rbg_mask/broken_large/000_rbg_mask.png'],
      questions: [{ type: 'Anomaly Detection', answer: 'A' }],
    });
    expect(images[1]).toMatchObject({ defect: 'good', isNormal: true, maskPaths: [] });
  });

  test("finds DS-MVTec's snippets under MVTec, and gives a class's in file order", async () => {
    const { knowledge } = await readMmad(benchmark.root);
    expect(knowledge.lookup('DS-MVTec', 'bottle', 'broken_large')).toBe('A large piece is missing.');
    expect(knowledge.lookup('VisA', 'pcb2', 'melted')).toBeNull();
    expect(knowledge.classSnippets('DS-MVTec', 'bottle')).toEqual(['A large piece is missing.', 'The rim is whole.']);
    expect(knowledge.all()).toHaveLength(5);
  });

  test("takes DS-MVTec's normal images from MVTec-AD, the others' from their own train/good", async () => {
    const dataset = await readMmad(benchmark.root);
    const [bottle, pushpins] = objectClasses(dataset);
    expect(normalImages(dataset, bottle!)).toEqual(['MVTec-AD/bottle/train/good/001.png', 'MVTec-AD/bottle/train/good/209.png']);
    expect(normalImages(dataset, pushpins!)).toEqual(['MVTec-LOCO/pushpins/train/good/000.png']);
  });

  test('lists every file that a run needs, each once and sorted', async () => {
    const files = datasetFiles(await readMmad(benchmark.root));
    expect(files).toEqual([...new Set(files)].sort());
    expect(files).toEqual(
      expect.arrayContaining([
        'mmad.json',
        'domain_knowledge.json',
        'MVTec-AD/bottle/train/good/209.png',
        'MVTec-LOCO/pushpins/ground_truth/logical_anomalies/007/001.png',
      ]),
    );
    expect(files).toHaveLength(2 + 4 + 4 + 4);
  });

  test('refuses to list files while one of them is absent', async () => {
    await rm(join(benchmark.root, 'VisA/pcb2/ground_truth/bad/090.png'));
    const dataset = await readMmad(benchmark.root);
    expect(() => datasetFiles(dataset)).toThrow(/VisA\/pcb2\/ground_truth\/bad\/090.png/);
  });

  test('names line and column of broken JSON, and the command that tells more', async () => {
    await writeFile(join(benchmark.root, 'mmad.json'), '{\n "a/b/c/d.png": {\n  "conversation": [}\n }\n}');
    const error = await readMmad(benchmark.root).catch((thrown: unknown) => thrown);
    expect((error as StageError).failure).toMatchObject({ type: 'DatasetCorrupt', remedy: expect.stringContaining('judo data check') });
    expect((error as StageError).message).toContain('line 3, column 20');
  });

  test('says what a folder without a benchmark lacks', async () => {
    await expect(readMmad(join(benchmark.root, 'nowhere'))).rejects.toThrow(/no mmad.json in .*nowhere/);
  });

  test('indexes 40,000 questions whole', () => {
    const [question] = Object.values(benchmark.entries)[0]!.conversation;
    const entries = Array.from({ length: 8000 }, (_, i) => [
      `VisA/pcb2/test/bad/${i}.JPG`,
      { mask_path: `ground_truth/bad/${i}.png`, conversation: Array.from({ length: 5 }, () => question) },
    ]);
    const { images, problems } = readMmadIndex(JSON.stringify(Object.fromEntries(entries)));
    expect(problems).toEqual([]);
    expect(images.reduce((sum, image) => sum + image.questions.length, 0)).toBe(40_000);
  });
});

describe('true cells', () => {
  test('unite the several masks of a MVTec-LOCO image', async () => {
    const dataset = await readMmad(benchmark.root);
    expect(await trueCells(dataset, dataset.images[2]!, codec, rule)).toEqual([
      [1, 1],
      [16, 16],
    ]);
  });

  test('are the same when mask_path names the folder', async () => {
    benchmark.entries['MVTec-LOCO/pushpins/test/logical_anomalies/007.png']!.mask_path = 'ground_truth/logical_anomalies/007';
    await benchmark.save();
    const dataset = await readMmad(benchmark.root);
    expect(await trueCells(dataset, dataset.images[2]!, codec, rule)).toHaveLength(2);
  });

  test('are none for a normal image', async () => {
    const dataset = await readMmad(benchmark.root);
    expect(await trueCells(dataset, dataset.images[1]!, codec, rule)).toEqual([]);
  });

  test('are refused, not none, where the named mask is absent', async () => {
    await rm(join(benchmark.root, 'VisA/pcb2/ground_truth/bad/090.png'));
    const dataset = await readMmad(benchmark.root);
    await expect(trueCells(dataset, dataset.images[3]!, codec, rule)).rejects.toThrow(/090.png .*absent/);
  });
});

describe('the images that training may see', () => {
  const keys = Array.from({ length: 60 }, (_, i) => `VisA/pcb${i % 2}/test/${['bad', 'good', 'bent'][i % 3]}/${i}.JPG`);
  const dataset = {
    root: '/',
    indexFile: 'mmad.json',
    images: readMmadIndex(JSON.stringify(Object.fromEntries(keys.map((key) => [key, { conversation: [] }])))).images,
    knowledge: { lookup: () => null, classSnippets: () => [], all: () => [] },
  };
  const select = (imagesPerDefect: number, normalsPerClass: number, seed: number): string[] =>
    selectTrainingImages(dataset, { imagesPerDefect, normalsPerClass, seed }).map(({ key }) => key);

  test('are one of each class and defect, and the normals asked for', () => {
    expect(select(1, 0, 1)).toHaveLength(4);
    expect(select(1, 2, 1).filter((key) => key.includes('/good/'))).toHaveLength(4);
    expect(select(1000, 1000, 1)).toEqual(keys);
  });

  test('are the same for a seed, others for another, and in the order of the dataset', () => {
    expect(select(2, 1, 7)).toEqual(select(2, 1, 7));
    expect(select(2, 1, 7)).not.toEqual(select(2, 1, 8));
    const places = select(3, 3, 7).map((key) => keys.indexOf(key));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('stay when more are asked for', () => {
    expect(select(5, 4, 3)).toEqual(expect.arrayContaining(select(2, 1, 3)));
  });
});
