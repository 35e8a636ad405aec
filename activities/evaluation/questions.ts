import { SUBTASKS, type MmadQuestion, type Subtask } from '../../contracts/question.js';

/** Raw types that the scorer counts under another subtask (SPEC 2). */
const FOLDED: Readonly<Record<string, Subtask>> = { 'Object Structure': 'Object Analysis', 'Object Details': 'Object Analysis' };

/** The column of the scorer's table that a question type counts in; an unknown type has its own, as in MMAD's scorer. */
export function scoredColumn(type: string): string {
  return Object.hasOwn(FOLDED, type) ? FOLDED[type]! : type;
}

/** The subtask a raw question type is scored under. Throws for a type that MMAD does not have. */
export function subtaskOf(type: string): Subtask {
  const column = scoredColumn(type);
  const subtask = SUBTASKS.find((name) => name === column);
  if (!subtask)
    throw new RangeError(`unknown question type "${type}": expected one of ${[...SUBTASKS, ...Object.keys(FOLDED)].join(', ')}`);
  return subtask;
}

/** The letter of the option at a position: A, B, C. */
export function optionLetter(position: number): string {
  return String.fromCharCode(65 + position);
}

/** MMAD's text of a question: options are lettered by their order. The blank before the line break is MMAD's own. */
export function questionText(question: Pick<MmadQuestion, 'Question' | 'Options'>, index: number): string {
  const options = Object.values(question.Options).map((text, i) => `${optionLetter(i)}. ${text}\n`);
  return `Question ${index + 1}: ${question.Question} \n${options.join('')}`;
}
