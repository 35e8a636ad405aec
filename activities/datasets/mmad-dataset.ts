import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import { domainKnowledge, KnowledgeFile, type DomainKnowledge } from './domain-knowledge.js';
import { parseJson, readMmadIndex, type DatasetImage } from './mmad-index.js';
import { problemLine, type DatasetProblem } from './problem.js';

/** An indexed benchmark in the MMAD layout. Nothing but its two JSON files has been read. */
export interface MmadDataset {
  /** The folder that every path of the dataset is relative to. */
  readonly root: string;
  /** Name of the index file in the root, normally `mmad.json`. */
  readonly indexFile: string;
  /** In the order of mmad.json, which is the order of evaluation. */
  readonly images: readonly DatasetImage[];
  readonly knowledge: DomainKnowledge;
}

/** A dataset as far as it could be read, with what was wrong in its JSON files. */
export interface LoadedDataset {
  readonly dataset: MmadDataset;
  readonly problems: readonly DatasetProblem[];
}

/** Name of the domain knowledge beside the index. */
export const KNOWLEDGE_FILE = 'domain_knowledge.json';

/** Reads the index and the domain knowledge. Throws DatasetCorrupt where either is broken; `judo data check` tells all. */
export async function readMmad(path: string): Promise<MmadDataset> {
  const { dataset, problems } = await loadMmad(path);
  const [first] = problems;
  if (first) {
    const others = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new StageError({
      type: 'DatasetCorrupt',
      message: `dataset ${dataset.root}: ${problemLine(first)}${others}`,
      remedy: `Run "judo data check ${path}" for the whole list`,
    });
  }
  return dataset;
}

/** Reads what can be read. `path` is the dataset's folder, or an index file of another name in it. */
export async function loadMmad(path: string): Promise<LoadedDataset> {
  const { root, indexFile } = await locate(path);
  const index = await readText(root, indexFile);
  const { images, problems } = 'problem' in index ? { images: [], problems: [index.problem] } : readMmadIndex(index.text, indexFile);
  const knowledge = await readKnowledge(root);
  const found = 'problem' in knowledge ? [...problems, knowledge.problem] : [...problems];
  const file = 'problem' in knowledge ? {} : knowledge.file;
  return { dataset: { root, indexFile, images, knowledge: domainKnowledge(file) }, problems: found };
}

async function locate(path: string): Promise<{ root: string; indexFile: string }> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? { root: dirname(path), indexFile: basename(path) } : { root: path, indexFile: 'mmad.json' };
}

async function readText(root: string, file: string): Promise<{ text: string } | { problem: DatasetProblem }> {
  try {
    const text = await readFile(join(root, file), 'utf8');
    return { text: text.startsWith('\uFEFF') ? text.slice(1) : text };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const detail = code === 'ENOENT' ? `there is no ${file} in ${root}` : `${file} cannot be read: ${code}`;
    const remedy = `Give the folder that holds mmad.json and ${KNOWLEDGE_FILE}, or draw one: judo data demo OUT`;
    return { problem: { code: 'file-missing', file, key: null, detail, remedy } };
  }
}

async function readKnowledge(root: string): Promise<{ file: KnowledgeFile } | { problem: DatasetProblem }> {
  const read = await readText(root, KNOWLEDGE_FILE);
  if ('problem' in read) return read;
  const parsed = parseJson(read.text, KNOWLEDGE_FILE);
  if ('problem' in parsed) return parsed;
  const file = KnowledgeFile.safeParse(parsed.value);
  if (file.success) return { file: file.data };
  const { path, message } = file.error.issues[0] ?? { path: [], message: 'unexpected form' };
  const detail = `${path.join(' > ') || 'the file'}: ${message}`;
  const remedy = 'Bring the file into the form {dataset: {class: {defect or "good": snippet}}}';
  return { problem: { code: 'entry-invalid', file: KNOWLEDGE_FILE, key: null, detail, remedy } };
}
