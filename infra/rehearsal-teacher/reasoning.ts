import { bare, type Brief, countWords, lowerFirst, sentences, shorten } from './brief.js';
import type { Chance } from './chance.js';
import { withArticle } from './comparison.js';

/** The answer to `golden-reasoning`: an expert's reasoning within the asked number of words, ending in the answer. */
export function reasoningAnswer(brief: Brief, chance: Chance): { reasoning: string } {
  const [least, most] = brief.section('words').split('-').map(Number);
  const [minWords, maxWords] = [least || 35, most || 101];
  const letter = brief.section('right_answer').trim();
  const options = readOptions(brief.section('options'));
  const right = bare(options.get(letter) ?? '');
  const ending = chance.pick([`so the answer is ${letter}.`, `therefore the answer is ${letter}.`, `hence the answer is ${letter}.`]);
  const other = [...options].find(([key]) => key !== letter)?.[1] ?? '';
  const concluded = conclusion(right, chance);
  const [plain, rejecting] = [`${concluded}, ${ending}`, `${concluded}${rejection(right, other)}, ${ending}`];
  // A third of the words at least is left to what is seen.
  const closing = countWords(rejecting) <= (2 / 3) * maxWords ? rejecting : plain;
  const told: string[] = [];
  const room = (): number => maxWords - countWords([...told, closing].join(' '));
  for (const sentence of evidence(brief, right, chance)) {
    const enough = countWords([...told, closing].join(' ')) >= minWords + 28;
    const short = shorten(sentence, Math.min(26, room()));
    if (!enough && room() >= 8 && !told.includes(short)) told.push(short);
  }
  for (const filler of FILLERS) {
    if (countWords([...told, closing].join(' ')) < minWords && countWords(filler) <= room()) told.push(filler);
  }
  return { reasoning: [...told, closing].join(' ') };
}

const FILLERS = [
  'The comparison with the second image, which serves as the normal reference, is decisive for this judgement.',
  'Shape, texture and brightness were each considered over the whole visible surface before deciding.',
  'No other place of the first image gives a reason to decide otherwise.',
];

/** What is visible first, then what the snippet says that is nearest to the right option. */
function evidence(brief: Brief, right: string, chance: Chance): string[] {
  const seen = sentences(brief.section('comparison'));
  const known = [...brief.facts].sort((a, b) => overlap(b, right) - overlap(a, right));
  const opening = brief.normal
    ? chance.pick([
        `The first image shows ${withArticle(brief.product)} that agrees with the normal sample in the second image.`,
        `Compared with the second image, the ${brief.product} in the first image shows no deviation in shape, texture or colour.`,
      ])
    : (seen[0] ??
      `The first image shows ${withArticle(brief.product)} with ${withArticle(bare(lowerFirst(brief.title)))}, unlike the second image.`);
  const contrast = seen.length > 1 ? seen.slice(-1) : ['The second image shows the intact state, without this irregularity.'];
  return [opening, ...known.slice(0, 1), ...(brief.normal ? [] : contrast), ...known.slice(1)];
}

function conclusion(right: string, chance: Chance): string {
  if (/^yes$/i.test(right))
    return chance.pick([
      'This deviation is a defect',
      'The first image therefore holds a defect',
      'Such a deviation from the normal sample is a defect',
    ]);
  if (/^no$/i.test(right))
    return chance.pick([
      'Nothing in the first image is defective',
      'Every criterion of a normal sample is met',
      'There is no sign of a defect',
    ]);
  return chance.pick([
    `This fits “${right}”`,
    `The option “${right}” describes this correctly`,
    `Of the options, “${right}” matches these observations`,
  ]);
}

/** Words that reject another option, where the options are more than yes and no. */
function rejection(right: string, other: string): string {
  if (/^(yes|no)$/i.test(right) || other === '' || countWords(other) > 14) return '';
  return `, whereas “${bare(other)}” does not agree with what is visible`;
}

function readOptions(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const m = /^\s*([A-Z])[.:)]\s*(.*)$/.exec(line);
      return m ? [[m[1] as string, m[2] as string] as const] : [];
    }),
  );
}

function overlap(sentence: string, option: string): number {
  const wanted = new Set(option.toLowerCase().match(/[a-z]{4,}/g) ?? []);
  return (sentence.toLowerCase().match(/[a-z]{4,}/g) ?? []).filter((word) => wanted.has(word)).length;
}
