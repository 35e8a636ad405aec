import { type Brief, lowerFirst, upperFirst } from './brief.js';
import type { Chance } from './chance.js';
import type { Pair } from './domain-pairs.js';

const SYNONYMS: readonly (readonly string[])[] = [
  ['typically', 'usually', 'commonly'],
  ['shows', 'displays', 'exhibits'],
  ['small', 'minor', 'little'],
  ['distinguishes', 'sets apart', 'separates'],
  ['consequences', 'effects', 'implications'],
  ['consequence', 'effect', 'implication'],
  ['reduces', 'lowers', 'diminishes'],
  ['visible', 'noticeable', 'apparent'],
  ['uniform', 'even', 'consistent'],
  ['caused by', 'brought about by', 'due to'],
  ['leads to', 'results in', 'brings about'],
  ['indicates', 'suggests', 'points to'],
  ['surface', 'outer face'],
  ['irregular', 'uneven'],
  ['missing', 'absent'],
  ['expected', 'required', 'anticipated'],
  ['recognise', 'identify', 'detect'],
  ['recognised', 'identified'],
  ['characterises', 'is typical of'],
  ['matter', 'count'],
  ['important', 'significant'],
  ['area', 'region', 'zone'],
  ['damage', 'harm'],
  ['comes from', 'originates from', 'arises from'],
  ['may', 'can', 'might'],
];

const QUESTION_FRAMES = ['', 'In terms of quality, ', 'For an inspector, ', 'As far as inspection is concerned, '] as const;
const ANSWER_FRAMES = ['', 'In general, ', 'Essentially, ', 'Put simply, '] as const;

/** The answer to `paraphrase`: other wordings of one question and answer, each unlike the others. */
export function paraphraseAnswer(brief: Brief, chance: Chance): { paraphrases: Pair[] } {
  const count = Number.parseInt(brief.section('count'), 10) || 1;
  const original = { question: brief.section('question'), answer: brief.section('answer') };
  const shift = Math.floor(chance.next() * 3);
  return {
    paraphrases: Array.from({ length: count }, (_, index) => ({
      question: reword(original.question, QUESTION_FRAMES[1 + ((index + shift) % 3)] ?? '', index + shift),
      answer: reword(original.answer, ANSWER_FRAMES[(index + shift) % 4] ?? '', index + shift),
    })),
  };
}

function reword(text: string, frame: string, turn: number): string {
  let worded = text;
  for (const group of SYNONYMS) {
    const found = group.find((word) => new RegExp(`\\b${word}\\b`, 'i').test(worded));
    if (found === undefined) continue;
    const others = group.filter((word) => word !== found);
    const chosen = others[turn % others.length] as string;
    worded = worded.replace(new RegExp(`\\b${found}\\b`, 'gi'), (match) => (/^[A-Z]/.test(match) ? upperFirst(chosen) : chosen));
  }
  // A text that opens with a phrase of its own takes no second one.
  return frame === '' || /^[A-Z][^,.?]{3,40}, /.test(worded) ? worded : frame + lowerFirst(worded);
}
