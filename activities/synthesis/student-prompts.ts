/**
 * The one source of the student's prompts: training rows and `judo_eval` use the same text. Images come before the text,
 * query first, then the normal image (SPEC 4). The papers publish no prompt: the wording is ours.
 */

const CELLS =
  'Write the anomalous cells of a 16x16 grid over the first image as <seg> cells </seg>, row by row, as (row,column) or (row,first)-(row,last), or None.';

/** Stage 3 and `judo_eval`: cells, reasoning, and the letter of one option. */
export function judoPrompt(question: string, options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(([letter, text]) => `${letter}. ${text}`);
  return [
    'The first image is the query image, the second a normal image of the same product.',
    `Question: ${question.trim()}`,
    'Options:',
    ...lines,
    `${CELLS} Then reason as <think> ... </think> and end with <answer>letter</answer>.`,
  ].join('\n');
}

/** Stage 1: cells, and what differs between the two images. */
export function segJuxPrompt(): string {
  return `The first image is the query image, the second a normal image of the same product. ${CELLS} Then describe what differs as <think> ... </think>.`;
}

/** Stage 2: a question about the product, beside one normal image of it. */
export function domInjPrompt(question: string): string {
  return `The image shows a normal sample of the product. ${question.trim()}`;
}
