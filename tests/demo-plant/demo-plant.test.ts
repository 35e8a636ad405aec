import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDataset, datasetFiles, normalImages, objectClasses, readMmad, trueMask } from '../../activities/datasets/mmad.js';
import { drawDemoPlant } from '../../activities/demo-plant/demo-plant.js';
import { PLACES, pixelsByPlace } from '../../activities/demo-plant/mask-place.js';
import { PRODUCTS } from '../../activities/demo-plant/products/index.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import { QuestionType } from '../../contracts/question.js';

const codec = createSharpCodec();
const plantSize = { images: 48, seed: 3, size: 96 };
let folder: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judo-plant-'));
  root = join(folder, 'plant');
  await drawDemoPlant(root, plantSize, codec);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function digests(of: string): Promise<Map<string, string>> {
  const files = (await readdir(of, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const pairs = files.map(async (entry): Promise<[string, string]> => {
    const file = join(entry.parentPath, entry.name);
    return [
      file.slice(of.length),
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    ];
  });
  return new Map(await Promise.all(pairs));
}

describe('the demo plant', () => {
  test('is a dataset in which the check finds no problem', async () => {
    const { images, questions, problems } = await checkDataset(root, codec);
    expect(problems).toEqual([]);
    expect(images).toBe(48);
    expect(questions).toBeGreaterThan(48 * 4);
  });

  test('is drawn with the same bytes by the same seed', async () => {
    const again = join(folder, 'again');
    await drawDemoPlant(again, plantSize, codec);
    expect(await digests(again)).toEqual(await digests(root));
  }, 120_000);

  test('keeps its pictures when more are drawn', async () => {
    const fewer = join(folder, 'fewer');
    await drawDemoPlant(fewer, { ...plantSize, images: 10 }, codec);
    const all = await digests(root);
    const pictures = [...(await digests(fewer))].filter(([file]) => file.endsWith('.png'));
    expect(pictures.filter(([file, digest]) => all.get(file) !== digest)).toEqual([]);
  }, 120_000);

  test('shows every product with every defect and a normal, and asks all nine types', async () => {
    const { images } = await readMmad(root);
    const kinds = new Set(images.map(({ object, defect }) => `${object}/${defect}`));
    expect(kinds.size).toBe(PRODUCTS.length * 4);
    const types = new Set(images.flatMap(({ questions }) => questions.map(({ type }) => type)));
    expect([...types].sort()).toEqual([...QuestionType.options].sort());
  });

  test('has the templates and normals of each class', async () => {
    const dataset = await readMmad(root);
    for (const of of objectClasses(dataset)) expect(normalImages(dataset, of)).toHaveLength(6);
    expect(dataset.images.every((image) => image.randomTemplates.every((path) => path.includes(`/${image.object}/`)))).toBe(true);
    expect(datasetFiles(dataset)).toContain('demo-plant.json');
  });

  test('marks a defect in every defective picture, and says truly where it is', async () => {
    const dataset = await readMmad(root);
    for (const image of dataset.images) {
      const mask = await trueMask(dataset, image, codec);
      if (image.isNormal) {
        expect(mask, image.key).toBeNull();
        continue;
      }
      const counts = pixelsByPlace(mask!);
      expect(Math.max(...counts), image.key).toBeGreaterThan(0);
      const where = image.questions.find(({ type }) => type === 'Defect Localization');
      if (!where) continue;
      const pixelsAt = (letter: string): number => counts[PLACES.indexOf(where.options[letter]!)]!;
      expect(pixelsAt(where.answer), image.key).toBe(Math.max(...counts));
      const others = Object.keys(where.options).filter((letter) => letter !== where.answer);
      expect(others.map(pixelsAt), image.key).toEqual([0, 0, 0]);
    }
  });

  test('answers detection and classification as the folder says', async () => {
    const { images } = await readMmad(root);
    for (const { key, object, defect, isNormal, questions } of images) {
      const [detection, second] = questions;
      expect(detection?.options[detection.answer], key).toBe(isNormal ? 'No.' : 'Yes.');
      const product = PRODUCTS.find(({ folder: name }) => name === object);
      const name = product?.defects.find(({ folder: of }) => of === defect)?.name ?? product?.name;
      expect(second?.options[second.answer], key).toBe(name);
      for (const { options } of questions) expect(new Set(Object.values(options)).size, key).toBe(Object.keys(options).length);
    }
  });

  test('does not put the right answer at one letter', async () => {
    const { images } = await readMmad(root);
    const letters = images.flatMap(({ questions }) => questions.map(({ answer }) => answer));
    for (const letter of ['A', 'B', 'C', 'D']) expect(letters.filter((of) => of === letter).length).toBeGreaterThan(letters.length / 12);
  });

  test('replaces a demo plant, and touches no other folder', async () => {
    const small = { images: 2, seed: 1, size: 64 };
    const redrawn = join(folder, 'redrawn');
    await drawDemoPlant(redrawn, small, codec);
    await drawDemoPlant(redrawn, { ...small, images: 1 }, codec);
    expect((await readMmad(redrawn)).images).toHaveLength(1);
    const foreign = join(folder, 'foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'thesis.txt'), 'years of work');
    await expect(drawDemoPlant(foreign, small, codec)).rejects.toThrow(/thesis.txt/);
    expect(await readdir(foreign)).toEqual(['thesis.txt']);
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test.each([{ images: 0 }, { size: 10 }, { seed: -1 }, { images: 1.5 }])('refuses %o', async (wrong) => {
    await expect(drawDemoPlant(join(folder, 'never'), { ...plantSize, ...wrong }, codec)).rejects.toThrow(/demo plant: /);
  });
});
