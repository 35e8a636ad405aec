import { join } from 'node:path';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { GrpoRow } from '../../contracts/rows.js';
import type { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import type { MmadDataset } from '../datasets/mmad-dataset.js';
import { parseCells } from '../datasets/grid.js';
import { trueCells } from '../datasets/true-cells.js';
import { buildEvaluation, type AskedQuestion } from '../evaluation/build-evaluation.js';
import { subtaskOf } from '../evaluation/questions.js';
import { pickGallery, type Candidate } from './pick-gallery.js';
import type { Evaluation, GalleryItem } from './report-input.js';

/** Pixels of a gallery picture's longer side: enough to see a defect of a cell's size, about 15 kB. */
const PICTURE_SIDE = 336;
const PICTURE_QUALITY = 70;

export interface GallerySources {
  readonly evaluation: Evaluation;
  readonly params: MmadEvalParams;
  readonly dataset: MmadDataset;
  readonly golden: readonly GrpoRow[];
  readonly trainedImages: ReadonlySet<string>;
  readonly count: number;
}

/** Reads the gallery's pictures and true cells. A picture that cannot be read is left out and said to be. */
export async function gatherGallery(sources: GallerySources, codec: ImageCodec): Promise<{ items: GalleryItem[]; missing: string[] }> {
  const asked = new Map(buildEvaluation(sources.dataset, sources.params).asked.map((one) => [one.id, one]));
  const golden = new Map(
    sources.golden.map((row) => [
      goldenKey(row.imageKey, row.type, row.options[row.solution] ?? ''),
      { text: row.golden, letter: row.solution },
    ]),
  );
  const candidates = sources.evaluation.answers.map((answer) => ({
    answer,
    hasReasoning: reasoningOf(answer.text) !== null,
    trainedOn: sources.trainedImages.has(answer.imageKey),
  }));
  const items: GalleryItem[] = [];
  const missing: string[] = [];
  for (const candidate of pickGallery(candidates, sources.count)) {
    const question = asked.get(candidate.answer.id);
    try {
      if (question === undefined) throw new Error('the dataset no longer holds this question');
      items.push(await galleryItem(candidate, question, golden, sources, codec));
    } catch (error) {
      missing.push(
        `The gallery picture ${candidate.answer.imageKey} could not be shown: ${error instanceof Error ? error.message : String(error)}.`,
      );
    }
  }
  return { items, missing };
}

async function galleryItem(
  { answer, trainedOn }: Candidate,
  asked: AskedQuestion,
  golden: ReadonlyMap<string, NonNullable<GalleryItem['golden']>>,
  { dataset, params }: GallerySources,
  codec: ImageCodec,
): Promise<GalleryItem> {
  const image = dataset.images.find((one) => one.key === answer.imageKey);
  if (image === undefined) throw new Error('the dataset no longer holds this image');
  return {
    imageKey: answer.imageKey,
    subtask: subtaskOf(answer.type),
    question: asked.question,
    answer: optionText(asked, answer.answer),
    chosen: answer.chosen === null ? null : optionText(asked, answer.chosen),
    correct: answer.correct,
    cells: await trueCells(dataset, image, codec, params),
    predicted: parseCells(answer.text, 'strict'),
    reasoning: reasoningOf(answer.text) ?? answer.text,
    golden: golden.get(goldenKey(answer.imageKey, answer.type, asked.options[asked.answer] ?? '')) ?? null,
    trainedOn,
    picture: await picture(join(dataset.root, image.key), codec),
  };
}

/** Golden rows are matched by what was asked and what is right: their letters are those before shuffling. */
const goldenKey = (imageKey: string, type: string, rightOption: string): string => JSON.stringify([imageKey, type, rightOption]);

const optionText = ({ options }: AskedQuestion, letter: string): string =>
  options[letter] === undefined ? letter : `${letter}. ${options[letter]}`;

/** The text between the think tags, or null: then the whole answer stands for it. */
const reasoningOf = (text: string): string | null => /<think>([\s\S]*?)<\/think>/.exec(text)?.[1]?.trim() ?? null;

async function picture(file: string, codec: ImageCodec): Promise<GalleryItem['picture']> {
  const raster = await codec.decodeRgb(file);
  const scale = Math.min(1, PICTURE_SIDE / Math.max(raster.width, raster.height));
  const size = { width: Math.max(16, Math.round(raster.width * scale)), height: Math.max(16, Math.round(raster.height * scale)) };
  return { data: await codec.encodeWebp(raster, { quality: PICTURE_QUALITY, resize: size }), ...size };
}
