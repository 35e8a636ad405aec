import { SUBTASKS } from '../contracts/question.js';
import { checkDataset, problemLine, readMmad, type DatasetCheck, type MmadDataset } from '../activities/datasets/mmad.js';
import { subtaskOf } from '../activities/evaluation/questions.js';
import { EXIT } from './exit-codes.js';
import { columns, isLive } from './render/terminal.js';

/** Draws a demo plant and says what to do with it. */
export async function drawPlant(out: string, plant: { images: number; seed: number; size: number }): Promise<void> {
  const [{ drawDemoPlant }, { createSharpCodec }] = await Promise.all([
    import('../activities/demo-plant/demo-plant.js'),
    import('../adapters/image-codec/sharp.js'),
  ]);
  const progress = counter('drawn', true);
  await drawDemoPlant(out, plant, createSharpCodec(), progress.show);
  progress.end();
  process.stdout.write(`${out}\n`);
  process.stderr.write(`${plant.images} test images; next: judo data show ${out}, judo run recipes/judo-tiny.yaml --data ${out}\n`);
}

/** Prints what is wrong with a dataset. Resolves to the exit code. */
export async function checkData(path: string, options: { output?: 'json'; progress: boolean }): Promise<number> {
  const { createSharpCodec } = await import('../adapters/image-codec/sharp.js');
  const progress = counter('pictures read', options.progress);
  const found = await checkDataset(path, createSharpCodec(), { onProgress: progress.show });
  progress.end();
  if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...found })}\n`);
  else printProblems(found);
  return found.problems.length === 0 ? EXIT.ok : EXIT.usage;
}

function printProblems({ images, questions, problems }: DatasetCheck): void {
  for (const problem of problems) process.stdout.write(`${problemLine(problem)}\n`);
  const verdict = problems.length === 0 ? 'no problem' : problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  process.stderr.write(`${images} images, ${questions} questions: ${verdict}\n`);
}

/** Prints what a dataset holds, a line a (class, defect). */
export async function showData(path: string, options: { output?: 'json' }): Promise<void> {
  const dataset = await readMmad(path);
  const groups = countGroups(dataset);
  const questions = dataset.images.reduce((sum, image) => sum + image.questions.length, 0);
  if (options.output === 'json') {
    const document = { schemaVersion: 1, images: dataset.images.length, questions, groups, subtasks: countSubtasks(dataset) };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const rows = groups.map((group) => [
    group.dataset,
    group.object,
    group.defect,
    String(group.images),
    String(group.questions),
    group.hasSnippet ? 'yes' : 'no',
  ]);
  process.stdout.write(`${columns([['DATASET', 'CLASS', 'DEFECT', 'IMAGES', 'QUESTIONS', 'SNIPPET'], ...rows])}\n\n`);
  const subtasks = Object.entries(countSubtasks(dataset)).map(([subtask, number]) => [subtask, String(number)]);
  process.stdout.write(`${columns([['SUBTASK', 'QUESTIONS'], ...subtasks])}\n\n`);
  process.stdout.write(`${dataset.images.length} images, ${questions} questions\n`);
}

interface Group {
  dataset: string;
  object: string;
  defect: string;
  images: number;
  questions: number;
  hasSnippet: boolean;
}

function countGroups({ images, knowledge }: MmadDataset): Group[] {
  const groups = new Map<string, Group>();
  for (const { dataset, object, defect, questions } of images) {
    const id = `${dataset}/${object}/${defect}`;
    const hasSnippet = knowledge.lookup(dataset, object, defect) !== null;
    const group = groups.get(id) ?? { dataset, object, defect, images: 0, questions: 0, hasSnippet };
    group.images++;
    group.questions += questions.length;
    groups.set(id, group);
  }
  return [...groups.values()];
}

function countSubtasks({ images }: MmadDataset): Record<string, number> {
  const counts = Object.fromEntries(SUBTASKS.map((subtask) => [subtask, 0]));
  for (const { type } of images.flatMap(({ questions }) => questions)) counts[subtaskOf(type)]!++;
  return counts;
}

/** One line that is written over on a terminal, and nothing elsewhere. */
function counter(what: string, wanted: boolean): { show: (done: number, total: number) => void; end: () => void } {
  const isShown = isLive(process.stderr, { progress: wanted });
  return {
    show: (done, total) => isShown && process.stderr.write(`\r${done} of ${total} ${what}`),
    end: () => isShown && process.stderr.write('\n'),
  };
}
