import { bare, type Brief, lowerFirst, shorten } from './brief.js';
import type { Chance } from './chance.js';
import type { PictureFacts } from './picture-facts.js';

/** The answer to `seg-comparison`: what differs between the two pictures, in 30 to 80 words. */
export function comparisonAnswer(brief: Brief, facts: PictureFacts, chance: Chance): { comparison: string } {
  const defect = withArticle(bare(lowerFirst(brief.title)));
  const place = facts.place ? ` ${chance.pick(['in the', 'towards the', 'at the'])} ${facts.place} of the picture` : '';
  const opening = chance.pick([
    `The first image shows ${withArticle(brief.product)} with ${defect}${place}.`,
    `In the first image, ${defect} is visible${place} on the ${brief.product}.`,
    `The ${brief.product} in the first image has ${defect}${place}.`,
  ]);
  const appearance = shorten(brief.facts[0] ?? 'The surface departs from its regular appearance there.', 24);
  const contrast = chance.pick([
    `In contrast, the second image shows the same region intact and regular, without any such irregularity.`,
    `The second image, by comparison, is uniform at this place and shows no comparable irregularity.`,
    `This is not present in the second image, where the same region keeps its expected shape and texture.`,
  ]);
  return { comparison: [opening, appearance, brightnessSentence(facts, chance), contrast].filter(Boolean).join(' ') };
}

function brightnessSentence({ place, share, brightnessDifference }: PictureFacts, chance: Chance): string {
  if (place === null) return '';
  const size = share < 0.01 ? 'a very small area' : share < 0.06 ? 'a small area' : share < 0.25 ? 'a moderate area' : 'a large area';
  const amount = Math.abs(brightnessDifference);
  const tone =
    amount < 4 ? 'about as bright as' : `${amount < 20 ? 'slightly' : 'clearly'} ${brightnessDifference < 0 ? 'darker' : 'brighter'} than`;
  return chance.pick([
    `It covers ${size} and is ${tone} the corresponding place of the normal sample.`,
    `The affected region is ${size}, ${tone} its counterpart.`,
  ]);
}

/** With `a` or `an`, unless it is a plural or has an article. */
export function withArticle(noun: string): string {
  if (/^(a|an|the|some)\s/i.test(noun) || /(?<!s)s$/i.test(noun)) return noun;
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}
