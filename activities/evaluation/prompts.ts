import type { MmadQuestion } from '../../contracts/question.js';
import { judoPrompt } from '../synthesis/student-prompts.js';
import { questionText } from './questions.js';

/**
 * Stands in a prompt where a picture belongs, one for each image of the request, in its order. A prompt without marks has
 * its images before the text.
 */
export const IMAGE_MARK = '<image>';

/** The instruction of MMAD's open models, in the words of its protocol's description (SPEC 7): direct letter, no reasoning. */
const MMAD_INSTRUCTION =
  'You are an industrial inspector who checks products by images. Judge whether there is a defect in the query image and answer the question about it. ' +
  "Answer with the option's letter from the given choices directly.";

export interface MmadPromptParts {
  readonly question: Pick<MmadQuestion, 'Question' | 'Options'>;
  readonly shots: number;
  /** The class's snippets, joined; null without RAG. */
  readonly knowledge: string | null;
}

/** Profile `mmad`: one user turn, template first, query last (SPEC 7). Images: the normal ones, then the query. */
export function mmadPrompt({ question, shots, knowledge }: MmadPromptParts): string {
  const templates =
    shots === 0
      ? []
      : [
          `Following is/are ${shots} image of normal sample, which can be used as a template to compare the image being queried.`,
          ...Array.from({ length: shots }, () => IMAGE_MARK),
        ];
  return [
    MMAD_INSTRUCTION,
    ...(knowledge === null ? [] : [`Following is the domain knowledge, which tells defects and the normal object apart:\n${knowledge}`]),
    ...templates,
    'Following is the query image: ',
    IMAGE_MARK,
    'Following is the question list: ',
    questionText(question, 0),
  ].join('\n');
}

/** Profile `judo_eval`: the prompt that the policy was trained on. Images: the query, then the normal ones (SPEC 4). */
export function judoEvalPrompt({ question, knowledge }: Omit<MmadPromptParts, 'shots'>): string {
  const prompt = judoPrompt(question.Question, question.Options);
  return knowledge === null ? prompt : `Domain knowledge of this product:\n${knowledge}\n\n${prompt}`;
}
