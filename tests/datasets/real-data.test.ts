import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { maskToCells } from '../../activities/datasets/grid.js';
import { checkDataset, datasetFiles, drawOutline, readMmad, selectTrainingImages, trueCells } from '../../activities/datasets/mmad.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';

const pcb = resolve(import.meta.dirname, '../../../shared/data/pcb-mini');
const pits = resolve(import.meta.dirname, '../../../shared/data/bsdata');
const subset = resolve(import.meta.dirname, '../../../shared/data/mmad/mmad_subset_293_from_judo.json');
const rule = { coverageThreshold: 0.02, fallbackAnyPixel: true };

// Real photographs of circuit boards; they lie beside the checkout and are not ours to copy into it.
describe.skipIf(!existsSync(pcb))('the real circuit boards of pcb-mini', () => {
  test('are indexed with all questions, in the order of the file', async () => {
    const dataset = await readMmad(pcb);
    expect(dataset.images).toHaveLength(184);
    expect(dataset.images.flatMap((image) => image.questions)).toHaveLength(899);
    expect(dataset.images[0]?.key).toBe('DeepPCB/pcb/test/spur/000.png');
    expect(dataset.images[0]?.maskPaths).toEqual(['DeepPCB/pcb/ground_truth/spur/000.png']);
    expect(dataset.knowledge.lookup('DeepPCB', 'pcb', 'spur')).toContain('<Spur>');
  });

  test('have no problem', async () => {
    expect(await checkDataset(pcb, createSharpCodec())).toEqual({ images: 184, questions: 899, problems: [] });
  });

  test('need only files that exist', async () => {
    const files = datasetFiles(await readMmad(pcb));
    expect(files).toContain('mmad.json');
    expect(files.filter((file) => !existsSync(join(pcb, file)))).toEqual([]);
    expect(files).toEqual([...files].sort());
  });

  test('have cells exactly where they have a defect', async () => {
    const dataset = await readMmad(pcb);
    const chosen = selectTrainingImages(dataset, { imagesPerDefect: 3, normalsPerClass: 3, seed: 1 });
    expect(chosen).toHaveLength(7 * 3);
    for (const image of chosen) {
      const cells = await trueCells(dataset, image, createSharpCodec(), rule);
      expect(cells.length > 0, image.key).toBe(!image.isNormal);
    }
  });
});

describe.skipIf(!existsSync(pits))('the real photographs of pitting in bsdata', () => {
  test('have masks of their own size that mark cells and can be outlined', async () => {
    const codec = createSharpCodec();
    const pictures = readdirSync(join(pits, 'test/pitting'));
    expect(pictures.length).toBeGreaterThan(5);
    for (const name of pictures) {
      const picture = await codec.decodeRgb(join(pits, 'test/pitting', name));
      const mask = await codec.decodeMask(join(pits, 'ground_truth/pitting', name.replace('.jpg', '_mask.png')));
      expect([mask.width, mask.height], name).toEqual([picture.width, picture.height]);
      expect(maskToCells(mask, rule).length, name).toBeGreaterThan(0);
      expect(Buffer.compare(drawOutline(picture, mask).data, picture.data), name).not.toBe(0);
    }
  });
});

describe.skipIf(!existsSync(subset))("MMAD's 293 records without their images", () => {
  test('are all read, and each missing image is told', async () => {
    const { images, questions, problems } = await checkDataset(subset, createSharpCodec());
    expect([images, questions]).toEqual([293, 1439]);
    expect(problems.filter(({ code }) => code === 'image-missing')).toHaveLength(293);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['image-missing', 'mask-missing', 'template-missing']));
  });
});
