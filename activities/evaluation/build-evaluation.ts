import { StageError } from '../../contracts/failure.js';
import type { QuestionType } from '../../contracts/question.js';
import type { InferenceRequest } from '../../contracts/rows.js';
import type { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import type { MmadDataset } from '../datasets/mmad-dataset.js';
import type { DatasetImage, DatasetQuestion } from '../datasets/mmad-index.js';
import { seededRandom } from '../datasets/seeded-random.js';
import { judoEvalPrompt, mmadPrompt } from './prompts.js';
import { optionLetter } from './questions.js';

/** A question as it is put to the model, and what scoring needs of it. */
export interface AskedQuestion {
  /** `<image key>#<position of the question>`. */
  readonly id: string;
  readonly imageKey: string;
  readonly dataset: string;
  readonly object: string;
  readonly defect: string;
  readonly type: QuestionType;
  readonly question: string;
  /** As shown, after shuffling. */
  readonly options: Readonly<Record<string, string>>;
  /** The right letter among the options as shown. */
  readonly answer: string;
}

export interface EvaluationPlan {
  readonly requests: InferenceRequest[];
  /** In the order of the requests. */
  readonly asked: AskedQuestion[];
}

/** Every request of an evaluation, in the benchmark's order. Pure: the same dataset and parameters give the same requests. */
export function buildEvaluation(dataset: MmadDataset, params: MmadEvalParams): EvaluationPlan {
  if (params.promptProfile === 'judo_eval' && params.shots !== 1) {
    throw new StageError({
      type: 'InvalidSpec',
      message: `promptProfile judo_eval speaks of two images and was given shots: ${params.shots}`,
      remedy: 'Set shots: 1, or promptProfile: mmad',
    });
  }
  const pairs = sampleImages(dataset.images, params).flatMap((image) =>
    image.questions.map((question, index) => ask(dataset, image, question, index, params)),
  );
  return { requests: pairs.map((pair) => pair.request), asked: pairs.map((pair) => pair.asked) };
}

/**
 * At most `limitImages` images: one of every (class, defect) in turn, in a seeded order, until there are enough. They stay
 * in the benchmark's order, and an image is drawn without regard to the others of its group.
 */
export function sampleImages(
  images: readonly DatasetImage[],
  { limitImages, seed }: Pick<MmadEvalParams, 'limitImages' | 'seed'>,
): readonly DatasetImage[] {
  if (limitImages === null || limitImages >= images.length) return images;
  const groups = new Map<string, DatasetImage[]>();
  for (const image of images) {
    const group = `${image.dataset}/${image.object}/${image.defect}`;
    groups.set(group, [...(groups.get(group) ?? []), image]);
  }
  const order = seededRandom(seed, 'mmad-eval groups').shuffle([...groups.keys()]);
  const queues = order.map((group) => seededRandom(seed, 'mmad-eval images', group).shuffle(groups.get(group) ?? []));
  const chosen = new Set<string>();
  for (let turn = 0; chosen.size < limitImages; turn++) {
    for (const image of queues.flatMap((queue) => queue[turn] ?? [])) if (chosen.size < limitImages) chosen.add(image.key);
  }
  return images.filter((image) => chosen.has(image.key));
}

function ask(
  dataset: MmadDataset,
  image: DatasetImage,
  question: DatasetQuestion,
  index: number,
  params: MmadEvalParams,
): { request: InferenceRequest; asked: AskedQuestion } {
  const id = `${image.key}#${index}`;
  const shuffles = params.promptProfile === 'judo_eval';
  const { options, answer } = shuffles ? shuffled(question, id, params.seed) : question;
  const shown = { Question: question.text, Options: { ...options } };
  const templates = templatesOf(image, params);
  const knowledge = params.domainKnowledge ? dataset.knowledge.classSnippets(image.dataset, image.object).join('\n') || null : null;
  const request = shuffles
    ? { id, images: [image.key, ...templates], prompt: judoEvalPrompt({ question: shown, knowledge }) }
    : { id, images: [...templates, image.key], prompt: mmadPrompt({ question: shown, shots: templates.length, knowledge }) };
  const { key: imageKey, object, defect } = image;
  return {
    request,
    asked: { id, imageKey, dataset: image.dataset, object, defect, type: question.type, question: question.text, options, answer },
  };
}

/** The options in a seeded order under fresh letters: where the right one stands says nothing. */
function shuffled({ options, answer }: DatasetQuestion, id: string, seed: number): Pick<DatasetQuestion, 'options' | 'answer'> {
  const order = seededRandom(seed, 'mmad-eval options', id).shuffle(Object.keys(options));
  return {
    options: Object.fromEntries(order.map((letter, position) => [optionLetter(position), options[letter]!])),
    answer: optionLetter(order.indexOf(answer)),
  };
}

/** MMAD takes the first of the list, which is random already (SPEC 7); JUDO draws one of the random ones (SPEC 4). */
function templatesOf(image: DatasetImage, { templates, shots, promptProfile, seed }: MmadEvalParams): readonly string[] {
  const listed = templates === 'similar' ? image.similarTemplates : image.randomTemplates;
  if (listed.length < shots) {
    throw new StageError({
      type: 'DatasetCorrupt',
      message: `${image.key} names ${listed.length} ${templates} templates, and shots: ${shots} are asked for`,
      remedy: `Add ${templates}_templates to its entry in mmad.json, or lower shots`,
    });
  }
  const draws = promptProfile === 'judo_eval' && templates === 'random';
  return draws ? seededRandom(seed, 'mmad-eval templates', image.key).sample(listed, shots) : listed.slice(0, shots);
}
