import { posix } from 'node:path';
import { z } from 'zod';
import { MmadEntry, MmadQuestion, QuestionType } from '../../contracts/question.js';
import { readMmadPath } from '../evaluation/paths.js';
import { duplicateKeys, findSyntaxFault } from './json-syntax.js';
import type { DatasetProblem } from './problem.js';

/** A question whose type is known and whose answer is one of its options. */
export interface DatasetQuestion {
  readonly text: string;
  readonly type: QuestionType;
  readonly options: Readonly<Record<string, string>>;
  /** The right option's letter. */
  readonly answer: string;
}

/** One image of the benchmark with its questions. All paths are relative to the root. */
export interface DatasetImage {
  readonly key: string;
  readonly dataset: string;
  readonly object: string;
  /** The image's parent folder; `good` for a normal image. */
  readonly defect: string;
  readonly isNormal: boolean;
  readonly questions: readonly DatasetQuestion[];
  /** What mask_path names: a file or a folder of files; empty for an image without a mask. */
  readonly maskPaths: readonly string[];
  readonly similarTemplates: readonly string[];
  readonly randomTemplates: readonly string[];
}

/** What could be read of mmad.json, and everything that could not. */
export interface MmadIndex {
  readonly images: readonly DatasetImage[];
  readonly problems: readonly DatasetProblem[];
}

const REPAIR_JSON = 'Repair the file at that line, or copy it again from the benchmark';
const Entries = z.record(z.string(), z.unknown());

/** Parses a JSON text; a fault becomes a problem with its line. */
export function parseJson(text: string, file: string): { value: unknown } | { problem: DatasetProblem } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const fault = findSyntaxFault(text);
    const detail = fault ? `line ${fault.line}, column ${fault.column}: ${fault.detail}` : String(error);
    return { problem: { code: 'json-broken', file, key: null, detail, remedy: REPAIR_JSON } };
  }
}

/** Reads the text of mmad.json. Order is kept; what has a problem is told and left out, the rest of its entry stays. */
export function readMmadIndex(text: string, file = 'mmad.json'): MmadIndex {
  const parsed = parseJson(text, file);
  if ('problem' in parsed) return { images: [], problems: [parsed.problem] };
  const entries = Entries.safeParse(parsed.value);
  if (!entries.success || Array.isArray(parsed.value)) {
    const detail = 'expected one object of image paths';
    return { images: [], problems: [{ code: 'entry-invalid', file, key: null, detail, remedy: REPAIR_JSON }] };
  }
  const problems: DatasetProblem[] = duplicateKeys(text).map((key) => ({
    code: 'key-duplicate',
    file,
    key,
    detail: 'the key occurs more than once, only its last entry would be read',
    remedy: 'Keep one entry of this key',
  }));
  const images: DatasetImage[] = [];
  for (const [key, value] of Object.entries(entries.data)) {
    const image = readEntry(key, value, file, problems);
    if (image) images.push(image);
  }
  if (images.length === 0 && problems.length === 0) {
    const remedy = 'Give the folder of a benchmark with images, or draw one: judo data demo OUT';
    problems.push({ code: 'dataset-empty', file, key: null, detail: 'it names no image', remedy });
  }
  return { images, problems };
}

/** What can be used of an entry of another form: the check goes on with its files and its other questions. */
const Remains = z
  .object({
    conversation: z.array(z.unknown()).catch([]),
    mask_path: z.string().nullish().catch(null),
    similar_templates: z.array(z.string()).catch([]),
    random_templates: z.array(z.string()).catch([]),
  })
  .catch({ conversation: [], mask_path: null, similar_templates: [], random_templates: [] });

function readEntry(key: string, value: unknown, file: string, problems: DatasetProblem[]): DatasetImage | null {
  const report: Report = (code, detail, remedy) => problems.push({ code, file, key, detail, remedy });
  const inside = (path: string, what: string): string[] => {
    const resolved = insideRoot(path);
    if (resolved !== null) return [resolved];
    report('path-leaves-root', `${what} "${path}" does not lie under the dataset's root`, 'Name a relative path without ..');
    return [];
  };
  const [path] = inside(key, 'the image');
  if (path === undefined) return null;
  if (path !== key || key.split('/').length < 4) {
    report('entry-invalid', 'the key is not <dataset>/<class>/<split>/<defect>/<file>', 'Key the entry by the path of its image');
    return null;
  }
  const parsed = MmadEntry.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) {
    report('entry-invalid', `${issue.path.join('.') || 'the entry'}: ${issue.message}`, 'Bring the entry into the form of MMAD');
  }
  const entry = parsed.data ?? Remains.parse(value);
  const questions = parsed.data?.conversation ?? entry.conversation.map((question) => MmadQuestion.safeParse(question).data);
  const { dataset, object, defect, isNormal } = readMmadPath(key, null);
  const maskPath = entry.mask_path ? inside(beside(dataset, object, entry.mask_path), 'mask_path') : [];
  return {
    key,
    dataset,
    object,
    defect,
    isNormal,
    questions: questions.flatMap((question, index) => (question ? readQuestion(question, index, report) : [])),
    maskPaths: maskPath,
    similarTemplates: entry.similar_templates.flatMap((template) => inside(template, 'a similar template')),
    randomTemplates: entry.random_templates.flatMap((template) => inside(template, 'a random template')),
  };
}

type Report = (code: DatasetProblem['code'], detail: string, remedy: string) => void;

function readQuestion(question: MmadQuestion, index: number, report: Report): DatasetQuestion[] {
  const type = QuestionType.safeParse(question.type);
  if (!type.success) {
    const types = QuestionType.options.join(', ');
    report('question-type-unknown', `question ${index + 1} has the type "${question.type}"`, `Use one of: ${types}`);
  }
  const hasAnswer = Object.hasOwn(question.Options, question.Answer);
  if (!hasAnswer) {
    const letters = Object.keys(question.Options).join(', ') || '(none)';
    const detail = `question ${index + 1} has the answer "${question.Answer}" and the options ${letters}`;
    report('answer-not-an-option', detail, "Correct the Answer to the letter of one of the question's options");
  }
  if (!type.success || !hasAnswer) return [];
  return [{ text: question.Question, type: type.data, options: question.Options, answer: question.Answer }];
}

/** A mask path is relative to <dataset>/<class>/; an absolute one stays absolute, so that it is refused. */
function beside(dataset: string, object: string, path: string): string {
  return path.startsWith('/') ? path : `${dataset}/${object}/${path}`;
}

/** The path in its shortest form, or null where it leads out of the root. */
function insideRoot(path: string): string | null {
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0') || /^[A-Za-z]:/.test(path)) return null;
  const normal = posix.normalize(path);
  return normal === '..' || normal.startsWith('../') || normal === '.' ? null : normal;
}
