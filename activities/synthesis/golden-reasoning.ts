import { join } from 'node:path';
import { GrpoRow } from '../../contracts/rows.js';
import type { GoldenReasoningParams } from '../../contracts/stages/golden-reasoning.js';
import { type MmadDataset, readMmad } from '../datasets/mmad-dataset.js';
import type { DatasetImage, DatasetQuestion } from '../datasets/mmad-index.js';
import { selectTrainingImages } from '../datasets/select-training-images.js';
import { trueCells } from '../datasets/true-cells.js';
import { type Asking, countWords, createAsking } from './asking.js';
import { normalPartners } from './normal-partner.js';
import { Comparison, readRows, writeRows } from './rows-file.js';
import { judoPrompt } from './student-prompts.js';
import type { SynthesisContext, SynthesisResult } from './synthesis-context.js';
import { createPictureMaker } from './teacher-picture.js';
import { reasoningPrompt } from './teacher-prompts.js';

interface Item {
  readonly image: DatasetImage;
  readonly question: DatasetQuestion;
  /** Its place among the image's questions. */
  readonly index: number;
}

/**
 * Stage 3's rows (SPEC 4): for every question of the training images the reasoning that an expert would give, with all that
 * the rewards need. Reads Stage 1's comparisons where that stage ran. Writes `rows.jsonl`; safe to repeat, every answer is
 * filed before it counts.
 */
export async function generateGoldenReasoning(context: SynthesisContext<GoldenReasoningParams>): Promise<SynthesisResult> {
  const { params, dataRoot, outputDir, inputDirs } = context;
  const dataset = await readMmad(dataRoot);
  const images = selectTrainingImages(dataset, params);
  const items = images.flatMap((image) => image.questions.map((question, index): Item => ({ image, question, index })));
  const comparisons = await readComparisons(inputDirs.comparisons);
  const asking = createAsking(context);
  const rows = await asking.each('reasoning', 'questions', items, rowMaker(context, asking, dataset, comparisons));
  const written = rows.filter((row) => row !== null);
  const lost = items.length - written.length;
  asking.judgeLosses('golden reasonings', lost, items.length);
  await writeRows(outputDir, 'rows.jsonl', GrpoRow, written);
  return asking.result({ rows: written.length, images: images.length, comparisons: comparisons.size, lost });
}

function rowMaker(
  { params, dataRoot, codec }: SynthesisContext<GoldenReasoningParams>,
  asking: Asking,
  dataset: MmadDataset,
  comparisons: ReadonlyMap<string, string>,
): (item: Item) => Promise<GrpoRow | null> {
  const partners = normalPartners(dataset, params.seed);
  const pictures = createPictureMaker(dataRoot, codec);
  const cells = onceEach((image: DatasetImage) => trueCells(dataset, image, codec, params));
  const { minWords, maxWords } = params;
  return async ({ image, question, index }) => {
    const normal = partners.pick(image, image.key, 'golden-reasoning', image.key, index);
    const input = {
      object: image.object,
      defect: image.defect,
      snippet: dataset.knowledge.lookup(image.dataset, image.object, image.defect),
      question: question.text,
      options: question.options,
      answer: question.answer,
      comparison: comparisons.get(image.key) ?? null,
      minWords,
      maxWords,
    };
    const output = await asking.ask(reasoningPrompt, input, {
      pictures: await Promise.all([pictures.plain(image.key), pictures.plain(normal)]),
      accept: ({ reasoning }) => isReasoning(reasoning, question, params),
    });
    if (output === null) return null;
    return {
      id: `${image.key}#${index}`,
      imageKey: image.key,
      images: [image.key, normal],
      prompt: judoPrompt(question.text, question.options),
      type: question.type,
      options: { ...question.options },
      solution: question.answer,
      golden: output.reasoning.trim(),
      cells: await cells(image),
    };
  };
}

/** Of the asked length, and its last words give the right answer: the letter, or the option's own text. */
export function isReasoning(
  text: string,
  { answer, options }: Pick<DatasetQuestion, 'answer' | 'options'>,
  length: { minWords: number; maxWords: number },
): boolean {
  const words = text.trim().split(/\s+/);
  if (countWords(text) < length.minWords || countWords(text) > length.maxWords) return false;
  const ending = words.slice(-25).join(' ');
  const option = (options[answer] ?? '').replace(/[.\s]+$/, '').toLowerCase();
  return new RegExp(`\\b${answer}\\b`).test(words.slice(-8).join(' ')) || (option !== '' && ending.toLowerCase().includes(option));
}

async function readComparisons(directory: string | undefined): Promise<Map<string, string>> {
  if (directory === undefined) return new Map();
  const rows = await readRows(join(directory, 'comparisons.jsonl'), Comparison);
  return new Map(rows.map(({ imageKey, comparison }) => [imageKey, comparison]));
}

function onceEach<Value>(make: (image: DatasetImage) => Promise<Value>): (image: DatasetImage) => Promise<Value> {
  const made = new Map<string, Promise<Value>>();
  return (image) => {
    const value = made.get(image.key) ?? make(image);
    made.set(image.key, value);
    return value;
  };
}
