import type { ScoredAnswer } from '../../contracts/question.js';

/** What the choice of pictures looks at. */
export interface Candidate {
  readonly answer: ScoredAnswer;
  readonly hasReasoning: boolean;
  readonly trainedOn: boolean;
}

/**
 * A gallery that flatters nobody: right and wrong answers in turn, a normal image in four, a trained one in three, and every
 * class before any class a second time. One question an image. The same candidates give the same choice.
 */
export function pickGallery(candidates: readonly Candidate[], count: number): Candidate[] {
  const picked: Candidate[] = [];
  const images = new Set<string>();
  const uses = new Map<string, number>();
  const used = (name: string) => uses.get(name) ?? 0;
  while (picked.length < count) {
    const slot = picked.length;
    const worth = ({ answer, hasReasoning, trainedOn }: Candidate): number =>
      (answer.correct === (slot % 2 === 0) ? 4 : 0) +
      ((answer.defect === 'good') === (slot % 4 === 3) ? 3 : 0) +
      (trainedOn === (slot % 3 === 0) ? 2 : 0) +
      (hasReasoning ? 1 : 0) -
      2 * used(classOf(answer)) -
      2 * used(`${classOf(answer)}/${answer.defect}`) -
      used(answer.type);
    const best = bestOf(candidates, (candidate) => !images.has(candidate.answer.imageKey), worth);
    if (best === null) break;
    picked.push(best);
    images.add(best.answer.imageKey);
    for (const name of [classOf(best.answer), `${classOf(best.answer)}/${best.answer.defect}`, best.answer.type])
      uses.set(name, used(name) + 1);
  }
  return picked;
}

const classOf = ({ dataset, object }: ScoredAnswer): string => `${dataset}/${object}`;

/** The first of the greatest. */
function bestOf<T>(items: readonly T[], isFree: (item: T) => boolean, worth: (item: T) => number): T | null {
  let best: { item: T; worth: number } | null = null;
  for (const item of items) {
    if (!isFree(item)) continue;
    const value = worth(item);
    if (best === null || value > best.worth) best = { item, worth: value };
  }
  return best?.item ?? null;
}
