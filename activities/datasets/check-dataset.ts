import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ImageCodec, Raster } from '../../contracts/ports/image-codec.js';
import { createFolders, maskFiles, type Folders } from './folders.js';
import { KNOWLEDGE_FILE, loadMmad, type MmadDataset } from './mmad-dataset.js';
import type { DatasetImage } from './mmad-index.js';
import type { DatasetProblem } from './problem.js';

/** What a check found. `images` and `questions` count what could be read of the index. */
export interface DatasetCheck {
  readonly images: number;
  readonly questions: number;
  readonly problems: readonly DatasetProblem[];
}

/** How a check runs. `onProgress` is called after each picture that was read. */
export interface CheckOptions {
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

type Task = () => Promise<DatasetProblem[]>;

/**
 * Finds every problem of a dataset: reads both JSON files, every image, mask and template to its last byte, a few
 * pictures at a time. Problems come in the order of the index, whatever order the pictures were read in.
 */
export async function checkDataset(path: string, codec: ImageCodec, options: CheckOptions = {}): Promise<DatasetCheck> {
  const { dataset, problems } = await loadMmad(path);
  const folders = createFolders(dataset.root);
  const tasks: Task[] = [
    ...dataset.images.map((image) => () => checkImage(dataset, image, folders, codec)),
    ...[...firstUses(dataset)].map(
      ([template, use]) =>
        () =>
          checkTemplate(dataset, template, use, folders, codec),
    ),
  ];
  const found = await runInOrder(tasks, options);
  const knowledgeIsBroken = problems.some(({ file }) => file === KNOWLEDGE_FILE);
  const snippets = knowledgeIsBroken ? [] : missingSnippets(dataset);
  return {
    images: dataset.images.length,
    questions: dataset.images.reduce((sum, image) => sum + image.questions.length, 0),
    problems: [...problems, ...found.flat(), ...snippets],
  };
}

async function checkImage(dataset: MmadDataset, image: DatasetImage, folders: Folders, codec: ImageCodec): Promise<DatasetProblem[]> {
  const { key } = image;
  const problems: DatasetProblem[] = [];
  let size: Raster | null = null;
  if (folders.kind(key) !== 'file') {
    problems.push({
      code: 'image-missing',
      file: key,
      key,
      detail: 'there is no such file',
      remedy: 'Copy the image there, or remove its entry',
    });
  } else {
    const read = await decode(() => codec.decodeRgb(join(dataset.root, key)));
    if (typeof read !== 'string') size = read;
    else problems.push(unreadable('image-unreadable', key, key, read));
  }
  if (image.maskPaths.length === 0) return problems;
  const files = maskFiles(folders, image);
  if (files.length === 0) {
    const detail = `mask_path of ${dataset.indexFile} names it, and there is no such file or folder of pictures`;
    const remedy = 'Copy the mask there; without it the image would pass for a normal one';
    return [...problems, { code: 'mask-missing', file: image.maskPaths.join(', '), key, detail, remedy }];
  }
  return [...problems, ...(await checkMasks(dataset, image, files, size, codec))];
}

async function checkMasks(
  dataset: MmadDataset,
  { key, isNormal }: DatasetImage,
  files: readonly string[],
  size: Raster | null,
  codec: ImageCodec,
): Promise<DatasetProblem[]> {
  const problems: DatasetProblem[] = [];
  let isMarked = false;
  for (const file of files) {
    const mask = await decode(() => codec.decodeMask(join(dataset.root, file)));
    if (typeof mask === 'string') {
      problems.push(unreadable('mask-unreadable', file, key, mask));
      continue;
    }
    isMarked ||= mask.data.some((value) => value !== 0);
    if (size && (mask.width !== size.width || mask.height !== size.height)) {
      const detail = `the mask is ${mask.width}x${mask.height}, its image ${size.width}x${size.height}`;
      problems.push({ code: 'mask-size', file, key, detail, remedy: 'Replace the mask by one of the size of its image' });
    }
  }
  if (!isMarked && !isNormal && problems.length === 0) {
    const remedy = 'Draw the defect into the mask, or move the image to good/ and remove its mask_path';
    problems.push({
      code: 'mask-empty',
      file: files.join(', '),
      key,
      detail: 'the image has a defect, and its mask marks no pixel',
      remedy,
    });
  }
  return problems;
}

interface TemplateUse {
  readonly key: string;
  uses: number;
}

/** Each template once, with the first image that names it. */
function firstUses(dataset: MmadDataset): Map<string, TemplateUse> {
  const templates = new Map<string, TemplateUse>();
  for (const { key, similarTemplates, randomTemplates } of dataset.images) {
    for (const template of new Set([...similarTemplates, ...randomTemplates])) {
      const known = templates.get(template);
      if (known) known.uses++;
      else templates.set(template, { key, uses: 1 });
    }
  }
  return templates;
}

async function checkTemplate(
  dataset: MmadDataset,
  file: string,
  { key, uses }: TemplateUse,
  folders: Folders,
  codec: ImageCodec,
): Promise<DatasetProblem[]> {
  const named = uses === 1 ? 'one image names it' : `${uses} images name it`;
  if (folders.kind(file) !== 'file') {
    return [
      {
        code: 'template-missing',
        file,
        key,
        detail: `there is no such file; ${named}`,
        remedy: 'Copy the normal image there, or name another',
      },
    ];
  }
  const read = await decode(() => codec.decodeRgb(join(dataset.root, file)));
  return typeof read === 'string' ? [unreadable('template-unreadable', file, key, read)] : [];
}

function missingSnippets(dataset: MmadDataset): DatasetProblem[] {
  const missing = new Map<string, DatasetProblem>();
  for (const { key, dataset: name, object, defect } of dataset.images) {
    if (dataset.knowledge.lookup(name, object, defect)?.trim()) continue;
    const detail = `no snippet for ${name} / ${object} / ${defect}`;
    const remedy = 'Write what an inspector knows of it: domain injection and golden reasoning rest on it';
    missing.set(detail, missing.get(detail) ?? { code: 'snippet-missing', file: KNOWLEDGE_FILE, key, detail, remedy });
  }
  return [...missing.values()];
}

function unreadable(code: DatasetProblem['code'], file: string, key: string, detail: string): DatasetProblem {
  return { code, file, key, detail, remedy: 'Copy the file again from its source' };
}

/** The raster, or why there is none. The reason leaves out the path, which the problem already names. */
async function decode(read: () => Promise<Raster>): Promise<Raster | string> {
  try {
    return await read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace(/^picture .*? cannot be read: /, 'cannot be decoded: ');
  }
}

async function runInOrder(tasks: readonly Task[], options: CheckOptions): Promise<DatasetProblem[][]> {
  const results: DatasetProblem[][] = [];
  const queue = tasks.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const [index, task] of queue) {
      results[index] = await task();
      options.onProgress?.(++done, tasks.length);
    }
  };
  const workers = Math.max(1, options.concurrency ?? availableParallelism() + 1);
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}
