import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawOutline, readMmad } from '../activities/datasets/mmad.js';
import { fanOut } from '../activities/teacher/fan-out.js';
import { createSharpCodec } from '../adapters/image-codec/sharp.js';
import { StageError } from '../contracts/failure.js';
import type { Raster } from '../contracts/ports/image-codec.js';
import { byTurns, milliseconds, ratioRow, type BenchResult } from './result.js';

const ITEMS = 1000;
const CALL_MS = 20;
const CONCURRENCY = 16;

/** 1,000 calls of 20 ms, 16 at once, every twentieth failing once: beside the time that the calls alone need. */
export async function benchFanOut(): Promise<BenchResult> {
  const failed = new Set<number>();
  const ours = await milliseconds(() =>
    fanOut(
      Array.from({ length: ITEMS }, (_, n) => n),
      { concurrency: CONCURRENCY, retry: { tries: 6, firstDelayMs: 250, maxDelayMs: 30_000 } },
      async (n) => {
        await new Promise((resolve) => setTimeout(resolve, CALL_MS));
        if (n % 20 === 0 && !failed.has(n)) {
          failed.add(n);
          throw new StageError({ type: 'Transient', message: 'fails once' });
        }
      },
    ),
  );
  const baseline = ((ITEMS * 1.05) / CONCURRENCY) * CALL_MS;
  return {
    name: `fan-out of ${ITEMS} calls, 5 % fail once / the calls alone`,
    unit: 'ms',
    ours,
    baseline,
    ratio: ours / baseline,
    aim: '<= calls + 2 s',
    met: ours <= baseline + 2000,
  };
}

const SIDE = 1024;
const RESIZED = { width: 512, height: 512 };

/** Red outline and resize of 1,024-pixel pictures, beside decode and encode alone. */
export async function benchOutline(directory: string): Promise<BenchResult> {
  const codec = createSharpCodec();
  const data = new Uint8Array(SIDE * SIDE * 3).map((_, i) => (i * 31 + ((i >> 10) % 97)) & 255);
  const picture: Raster = { width: SIDE, height: SIDE, channels: 3, data };
  const mask: Raster = {
    width: SIDE,
    height: SIDE,
    channels: 1,
    data: new Uint8Array(SIDE * SIDE).map((_, i) => (((i % SIDE) - 400) ** 2 + (Math.floor(i / SIDE) - 500) ** 2 < 120 ** 2 ? 255 : 0)),
  };
  const file = join(directory, 'picture.jpg');
  await writeFile(file, await codec.encodeJpeg(picture));
  const plain = async () => codec.encodeJpeg(await codec.decodeRgb(file), { resize: RESIZED });
  const outlined = async () => codec.encodeJpeg(drawOutline(await codec.decodeRgb(file), mask), { resize: RESIZED });
  await plain();
  await outlined();
  return ratioRow('red outline and resize, 1024 px / decode and encode', await byTurns(20, outlined, plain), 1.15);
}

const IMAGES = 8366;
const QUESTIONS_AN_IMAGE = 5;

/** Index of a dataset of MMAD's size, beside parsing its JSON alone. */
export async function benchIndex(directory: string): Promise<BenchResult> {
  const root = join(directory, 'mmad');
  await mkdir(root, { recursive: true });
  const question = {
    Question: 'Is there any defect in the object?',
    Answer: 'A',
    Options: { A: 'Yes.', B: 'No.' },
    type: 'Anomaly Detection',
    annotation: true,
  };
  const entries = Array.from({ length: IMAGES }, (_, n) => [
    `VisA/class${n % 38}/test/bad/${n}.JPG`,
    {
      image_path: `test/bad/${n}.JPG`,
      conversation: Array.from({ length: QUESTIONS_AN_IMAGE }, () => question),
      mask_path: `ground_truth/bad/${n}.png`,
      similar_templates: [],
      random_templates: [`VisA/class${n % 38}/train/good/0.JPG`],
    },
  ]);
  const text = JSON.stringify(Object.fromEntries(entries));
  await writeFile(join(root, 'mmad.json'), text);
  await writeFile(join(root, 'domain_knowledge.json'), '{}');
  const times = await byTurns(
    3,
    () => readMmad(root),
    async () => JSON.parse(text) as unknown,
  );
  return {
    ...ratioRow(`index of ${IMAGES * QUESTIONS_AN_IMAGE} questions / JSON.parse alone`, times, Infinity),
    aim: '< 5 s',
    met: times.ours < 5000,
  };
}
