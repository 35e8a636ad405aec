import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { MmadEntry } from '../../contracts/question.js';
import { DEMO_MARKER } from '../datasets/dataset-files.js';
import { KNOWLEDGE_FILE } from '../datasets/mmad-dataset.js';
import { seededRandom } from '../datasets/seeded-random.js';
import { drawPicture } from './draw-picture.js';
import type { Product } from './product.js';
import { PRODUCTS } from './products/index.js';
import { questionsOf } from './questions.js';

/** The dataset's name in keys and in the domain knowledge. */
export const DEMO_DATASET = 'DemoPlant';

/** Normal images of a class for templates and for pairing. */
const NORMALS_A_CLASS = 6;
const TEMPLATES_AN_IMAGE = 3;

/** How much to draw. More images with the same seed and size add files and leave the others as they are. */
export interface DemoPlantSize {
  /** Test images, normal ones included. */
  readonly images: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size: number;
}

export type DrawProgress = (done: number, total: number) => void;

interface Picture {
  readonly product: Product;
  /** `train/good`, `test/good` or `test/<defect>`. */
  readonly folder: string;
  readonly defect: string;
  readonly name: string;
}

/**
 * Draws the demo plant, our own inspection benchmark in the MMAD layout. The same size and seed give the same bytes.
 * It is drawn beside its place and renamed when whole; a folder that holds anything but a demo plant is not touched.
 */
export async function drawDemoPlant(out: string, size: DemoPlantSize, codec: ImageCodec, onProgress?: DrawProgress): Promise<void> {
  const place = resolve(out);
  checkSize(size);
  await refuseForeign(place);
  const unfinished = join(dirname(place), `.${place.split('/').at(-1)}.unfinished-${process.pid}`);
  await rm(unfinished, { recursive: true, force: true });
  try {
    await drawInto(unfinished, size, codec, onProgress);
    await rm(place, { recursive: true, force: true });
    await rename(unfinished, place);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function drawInto(root: string, plant: DemoPlantSize, codec: ImageCodec, onProgress?: DrawProgress): Promise<void> {
  const tests = testPictures(plant.images);
  const pictures = [...normalPictures(), ...tests];
  for (const { product, folder, defect } of pictures) {
    await mkdir(join(root, DEMO_DATASET, product.folder, folder), { recursive: true });
    if (defect !== 'good') await mkdir(join(root, DEMO_DATASET, product.folder, 'ground_truth', defect), { recursive: true });
  }
  const entries = new Map<string, MmadEntry>();
  let saving: Promise<void> = Promise.resolve();
  for (const [done, picture] of pictures.entries()) {
    const entry = await drawOne(root, picture, plant, codec, saving);
    saving = entry.saved;
    if (picture.folder !== 'train/good') entries.set(keyOf(picture), entry.entry);
    onProgress?.(done + 1, pictures.length);
  }
  await saving;
  const inOrder = tests.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map((picture) => [keyOf(picture), entries.get(keyOf(picture))]);
  await writeJson(join(root, 'mmad.json'), Object.fromEntries(inOrder));
  await writeJson(join(root, KNOWLEDGE_FILE), { [DEMO_DATASET]: Object.fromEntries(PRODUCTS.map(snippetsOf)) });
  await writeJson(join(root, DEMO_MARKER), { schemaVersion: 1, drawnBy: 'judo data demo', ...plant });
}

/** Draws while the picture before is still being compressed and written; at most one is on its way. */
async function drawOne(
  root: string,
  picture: Picture,
  { seed, size }: DemoPlantSize,
  codec: ImageCodec,
  before: Promise<void>,
): Promise<{ entry: MmadEntry; saved: Promise<void> }> {
  const { product, folder, defect, name } = picture;
  const drawn = drawPicture(product, defect, `${folder}/${name}`, seed, size);
  const maskPath = defect === 'good' ? null : `ground_truth/${defect}/${name}.png`;
  const save = async (): Promise<void> => {
    await writeFile(join(root, keyOf(picture)), await codec.encodePng(drawn.picture));
    if (maskPath) await writeFile(join(root, DEMO_DATASET, product.folder, maskPath), await codec.encodePng(drawn.mask));
  };
  await before;
  const saved = save();
  // A failed write is thrown where it is awaited, after the next picture; until then it must not count as unhandled.
  saved.catch(() => undefined);
  const random = seededRandom(seed, 'demo-plant', product.folder, folder, name, 'templates');
  const normals = normalPictures().filter((normal) => normal.product === product);
  const templates = (): string[] => random.sample(normals, TEMPLATES_AN_IMAGE).map(keyOf);
  const entry = {
    image_path: `${folder}/${name}.png`,
    conversation: questionsOf(product, defect, drawn.mask, name, seed),
    mask_path: maskPath,
    similar_templates: templates(),
    random_templates: templates(),
  };
  return { entry, saved };
}

function keyOf({ product, folder, name }: Picture): string {
  return `${DEMO_DATASET}/${product.folder}/${folder}/${name}.png`;
}

function normalPictures(): Picture[] {
  return PRODUCTS.flatMap((product) =>
    Array.from({ length: NORMALS_A_CLASS }, (_, i) => ({ product, folder: 'train/good', defect: 'good', name: number(i) })),
  );
}

/** Deals images out to classes and their defects in turn, so that even a few of them show every product and kind. */
function testPictures(images: number): Picture[] {
  return Array.from({ length: images }, (_, i) => {
    const product = PRODUCTS[i % PRODUCTS.length]!;
    const round = Math.floor(i / PRODUCTS.length);
    const kinds = ['good', ...product.defects.map(({ folder }) => folder)];
    const defect = kinds[(round + i) % kinds.length]!;
    return { product, folder: `test/${defect}`, defect, name: number(Math.floor(round / kinds.length)) };
  });
}

function number(index: number): string {
  return String(index).padStart(3, '0');
}

function snippetsOf({ folder, normalKnowledge, defects }: Product): [string, Record<string, string>] {
  return [folder, { good: normalKnowledge, ...Object.fromEntries(defects.map((defect) => [defect.folder, defect.knowledge])) }];
}

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(value, null, 1)}\n`);
}

function checkSize({ images, seed, size }: DemoPlantSize): void {
  const wrong = [
    [images, 'images', 1],
    [seed, 'seed', 0],
    [size, 'size', 64],
  ] as const;
  for (const [value, name, least] of wrong) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new StageError({
      type: 'InvalidSpec',
      message: `demo plant: ${name} is ${value}`,
      remedy: `Give a whole number of at least ${least}`,
    });
  }
}

async function refuseForeign(place: string): Promise<void> {
  const files = await readdir(place).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new StageError({ type: 'InvalidSpec', message: `${place} is not a folder`, remedy: 'Name a new folder' }, { cause: error });
  });
  if (files.length === 0 || files.includes(DEMO_MARKER)) return;
  throw new StageError({
    type: 'InvalidSpec',
    message: `${place} holds files that are no demo plant, the first is ${files[0]}`,
    remedy: 'Name a new or an empty folder: nothing of yours is overwritten',
  });
}
