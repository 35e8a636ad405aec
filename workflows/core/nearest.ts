import { distance } from 'fastest-levenshtein';

/** The known word nearest to a wrong one, or undefined when none is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** `; did you mean "x"?`, or nothing when no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** `; did you mean "x"?`, or the known words when none is near. */
export const didYouMeanOf = (word: string, known: readonly string[]): string =>
  didYouMean(word, known) || (known.length === 0 ? '' : `; known: ${known.join(', ')}`);
