import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';

const codec = createSharpCodec();

/** A benchmark in the MMAD layout under a temporary folder, small and whole, that a test then breaks. */
export interface Benchmark {
  readonly root: string;
  /** mmad.json as it is written by `save`. */
  entries: Record<string, Entry>;
  knowledge: Record<string, Record<string, Record<string, string>>>;
  save(): Promise<void>;
  picture(path: string, size?: readonly [number, number], marked?: readonly number[]): Promise<void>;
  remove(): Promise<void>;
}

export interface Entry {
  image_path: string;
  conversation: { Question: string; Answer: string; Options: Record<string, string>; type: string }[];
  mask_path: string | null;
  similar_templates: string[];
  random_templates: string[];
}

export const WIDTH = 32;
export const HEIGHT = 24;

/** A DS-MVTec, a MVTec-LOCO and a VisA image with masks of three shapes, and a normal image. */
export async function createBenchmark(): Promise<Benchmark> {
  const root = await mkdtemp(join(tmpdir(), 'judo-benchmark-'));
  const benchmark: Benchmark = {
    root,
    entries: {
      'DS-MVTec/bottle/image/broken_large/000.png': entry('image/broken_large/000.png', 'rbg_mask/broken_large/000_rbg_mask.png', [
        'MVTec-AD/bottle/train/good/001.png',
      ]),
      'DS-MVTec/bottle/image/good/000.png': entry('image/good/000.png', null, ['MVTec-AD/bottle/train/good/001.png']),
      'MVTec-LOCO/pushpins/test/logical_anomalies/007.png': entry(
        'test/logical_anomalies/007.png',
        'ground_truth/logical_anomalies/007/000.png',
        ['MVTec-LOCO/pushpins/train/good/000.png'],
      ),
      'VisA/pcb2/test/bad/090.JPG': entry('test/bad/090.JPG', 'ground_truth/bad/090.png', ['VisA/pcb2/train/good/0001.JPG']),
    },
    knowledge: {
      MVTec: { bottle: { broken_large: 'A large piece is missing.', good: 'The rim is whole.' } },
      'MVTec-LOCO': { pushpins: { logical_anomalies: 'A compartment is empty.' } },
      VisA: { pcb2: { bad: 'Parts are bent.', good: 'All parts are upright.' } },
    },
    save: async () => {
      await writeFile(join(root, 'mmad.json'), JSON.stringify(benchmark.entries, null, 1));
      await writeFile(join(root, 'domain_knowledge.json'), JSON.stringify(benchmark.knowledge, null, 1));
    },
    picture: async (path, [width, height] = [WIDTH, HEIGHT], marked) => {
      const isMask = marked !== undefined;
      const data = Uint8Array.from({ length: width * height * (isMask ? 1 : 3) }, (_, i) => (isMask ? 0 : (i * 31) % 256));
      for (const at of marked ?? []) data[at] = 255;
      const raster = { width, height, channels: isMask ? (1 as const) : (3 as const), data };
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), await (path.endsWith('.png') ? codec.encodePng(raster) : codec.encodeJpeg(raster)));
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
  for (const key of Object.keys(benchmark.entries)) await benchmark.picture(key);
  for (const { random_templates: templates } of Object.values(benchmark.entries)) await benchmark.picture(templates[0]!);
  await benchmark.picture('MVTec-AD/bottle/train/good/209.png');
  await benchmark.picture('DS-MVTec/bottle/rbg_mask/broken_large/000_rbg_mask.png', undefined, [0, 1, 2]);
  await benchmark.picture('MVTec-LOCO/pushpins/ground_truth/logical_anomalies/007/000.png', undefined, [0]);
  await benchmark.picture('MVTec-LOCO/pushpins/ground_truth/logical_anomalies/007/001.png', undefined, [WIDTH * HEIGHT - 1]);
  await benchmark.picture('VisA/pcb2/ground_truth/bad/090.png', undefined, [5]);
  await benchmark.save();
  return benchmark;
}

function entry(image: string, mask: string | null, templates: string[]): Entry {
  const detection = {
    Question: 'Is there any defect in the object?',
    Answer: mask === null ? 'B' : 'A',
    Options: { A: 'Yes.', B: 'No.' },
    type: 'Anomaly Detection',
  };
  return { image_path: image, conversation: [detection], mask_path: mask, similar_templates: [], random_templates: templates };
}
