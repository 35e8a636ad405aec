import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetFiles, readMmad, selectTrainingImages, trueCells } from '../../activities/datasets/mmad.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';

const pcb = resolve(import.meta.dirname, '../../../shared/data/pcb-mini');
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
