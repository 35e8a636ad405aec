import { sequenceRatio } from './sequence-matcher.js';

/** Options as shown to the model: letter to text. */
export type Options = Readonly<Record<string, string>>;

/** Whose reading of an answer applies. `strict` is ours; the others are the published evaluation programs'. */
export type LetterProfile = 'mmad' | 'judo_eval' | 'anomalyr1' | 'iad_r1' | 'strict';

/** The option letter that a model's text chooses, or null where none can be read. Never throws. */
export function readLetter(text: string, options: Options, profile: LetterProfile): string | null {
  switch (profile) {
    case 'mmad':
      return readMmad(text, options).used;
    case 'judo_eval':
      return readJudoEval(text);
    case 'anomalyr1':
      return readAnomalyR1(lastAnswer(text) ?? '', options);
    case 'iad_r1':
      return readIadR1(text, options);
    case 'strict':
      return findLetter(lastAnswer(text) ?? text, Object.keys(options));
  }
}

/** Content of the last `<answer>` of a text, or null. */
export function lastAnswer(text: string): string | null {
  return [...text.matchAll(/<answer>([\s\S]*?)<\/answer>/g)].at(-1)?.[1]?.trim() ?? null;
}

/** A letter between word boundaries, as Python sees words: letters, digits and `_` of any script. */
function loneLetters(letters: string, flags: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])([${letters}])(?![\\p{L}\\p{N}_])`, `u${flags}`);
}

/** MMAD (SPEC 7): every lone A-E, the last is used; where there is none, the option whose text is most similar. */
export function readMmad(text: string, options: Options | null): { all: string[]; used: string | null } {
  const all = [...text.matchAll(loneLetters('A-E', 'g'))].map((match) => match[1]!);
  if (all.length === 0 && options) all.push(...mostSimilarOption(text, options));
  return { all, used: all.at(-1) ?? null };
}

/** difflib's get_close_matches(n=1, cutoff=0): of equal ratios the text that sorts last wins; of equal texts the first letter. */
function mostSimilarOption(text: string, options: Options): string[] {
  let best: { letter: string; value: string; ratio: number } | null = null;
  for (const [letter, value] of Object.entries(options)) {
    const ratio = sequenceRatio(value, text);
    if (!best || ratio > best.ratio || (ratio === best.ratio && comesAfter(value, best.value))) best = { letter, value, ratio };
  }
  return best ? [best.letter] : [];
}

/** Order by code points, as Python compares texts. */
function comesAfter(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0;
}

/** JUDO (SPEC 4): the letter that fills an `<answer>` tag, else the first lone A-D of the whole text. */
export function readJudoEval(text: string): string | null {
  return /<answer>([A-D])<\/answer>/.exec(text)?.[1] ?? loneLetters('A-D', '').exec(text)?.[1] ?? null;
}

/** AnomalyR1: the first capital A-E anywhere in the answer's text, else the first option whose text it contains. */
export function readAnomalyR1(answer: string, options: Options): string | null {
  if (answer === '') return null;
  const letter = /[A-E]/.exec(answer)?.[0];
  return letter ?? Object.entries(options).find(([, text]) => answer.toLowerCase().includes(text.toLowerCase()))?.[0] ?? null;
}

/** IAD-R1: the first one-line `<answer>` equals an option's text, else one contains the other. */
export function readIadR1(response: string, options: Options): string | null {
  const answer = /<answer>([^\n]*?)<\/answer>/.exec(response)?.[1]?.trim().toLowerCase();
  if (answer === undefined) return null;
  const texts = Object.entries(options).map(([letter, text]) => ({ letter, text: text.toLowerCase().replace(/^\.+|\.+$/g, '') }));
  const equal = texts.find(({ text }) => text === answer);
  const similar = texts.find(({ text }) => text.trim().includes(answer) || answer.includes(text.trim()));
  return (equal ?? similar)?.letter ?? null;
}

/** A capital that touches no letter, digit, apostrophe or hyphen: neither the C of PCB nor of USB-C. */
const STANDALONE = /(?<![\p{L}\p{N}_'’-])([A-E])(?![\p{L}\p{N}_'’-])/gu;
/** What stands before a letter that is declared the answer. */
const DECLARED =
  /(?:\banswer|\b(?:correct|right|best) (?:option|choice|letter))(?: is| would be| must be|:)?[\s:*("'“]*$|\b(?:choose|select|pick)(?: option)?[\s:*("'“]*$/i;
const SENTENCE_START = /(?:^|[.!?:;\n>])[\s*("'“]*$/;
/** Words that follow the letter A as a subject; any other word makes it the article. */
const AFTER_LETTER =
  /^\s+(?:is|was|are|because|since|as|and|or|but|not|seems|appears|matches|fits|describes|would|can|cannot|must|should|does)(?![\p{L}\p{N}])/u;

/**
 * Our letter finder: standalone capitals among `letters`, the article "A" left out. A letter declared as the answer
 * ("the answer is B, not A") goes before others; of several the last one counts.
 */
export function findLetter(text: string, letters: readonly string[] = ['A', 'B', 'C', 'D', 'E']): string | null {
  const found = [...text.matchAll(STANDALONE)]
    .map((match) => ({ letter: match[1]!, before: text.slice(0, match.index), after: text.slice(match.index + 1) }))
    .filter(({ letter, before, after }) => letters.includes(letter) && !(letter === 'A' && isArticle(before, after)));
  const declared = found.filter(({ before }) => DECLARED.test(before));
  return (declared.at(-1) ?? found.at(-1))?.letter ?? null;
}

function isArticle(before: string, after: string): boolean {
  return SENTENCE_START.test(before) && /^\s+\p{L}/u.test(after) && !AFTER_LETTER.test(after);
}
