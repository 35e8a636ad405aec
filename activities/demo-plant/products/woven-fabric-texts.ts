import type { ProductTexts } from '../product.js';

export const FABRIC_TEXTS: ProductTexts = {
  folder: 'woven_fabric',
  name: 'Woven fabric.',
  normalKnowledge:
    ' <Woven fabric, normal>\n Description: A plain weave of blue-grey warp and pale weft fills the picture. Each thread passes alternately over and under its neighbours, so the surface is an even chequer of small bright crowns. Slight differences of thickness between threads, a gentle waviness and a small turn of the cloth are natural for yarn and are accepted. No place is open, darkened, or covered.',
  defects: [
    {
      folder: 'hole',
      name: 'Hole.',
      appearance: 'The weave is open over a dark irregular spot, with frayed thread ends at its border.',
      effect: 'The fabric has lost its strength there and will tear further under load.',
      knowledge:
        ' <Hole>\n Description: Warp and weft are both broken over a small area; the dark backing shows through, and frayed ends hang into the opening. Holes are torn by a damaged temple, a needle, or a sharp edge in transport. The cloth has no strength there and the tear grows under load. The piece is cut out or the roll is downgraded.',
    },
    {
      folder: 'oil_stain',
      name: 'Oil stain.',
      appearance: 'A dark, soft-edged patch discolours the threads while the weave stays intact.',
      effect: 'Dye is taken up unevenly there, so the spot stays visible in the finished cloth.',
      knowledge:
        ' <Oil stain>\n Description: A darkened, slightly yellow patch with an uneven, wicking border lies on the cloth. The threads are all present and the weave pattern runs through it undisturbed. Stains come from machine oil or grease that drips from the loom or is picked up from a roller. They repel dye, so that the place stays visible after finishing. Fresh stains can be washed out.',
    },
    {
      folder: 'foreign_thread',
      name: 'Foreign thread.',
      appearance: 'A loose coloured yarn lies in a curve on top of the weave and throws a narrow shadow.',
      effect: 'It stays pressed into the surface in finishing and shows as a fault of colour.',
      knowledge:
        ' <Foreign thread>\n Description: A single yarn of another colour lies curled on the surface, not bound into the weave, with a thin shadow along it. The cloth beneath is sound. Loose threads come from waste that flies from a neighbouring loom or from careless cutting. If it is not picked off before calendering it is pressed in and shows as a fault of colour.',
    },
  ],
  structure: [
    {
      text: 'What does the structure in the image consist of?',
      answer: 'Two sets of threads that cross over and under each other at right angles.',
      others: ['Rings of glass around an opening.', 'Metal pads joined by traces.', 'Loops of a single knitted yarn.'],
    },
    {
      text: 'How are the threads of the object arranged?',
      answer: 'In a regular chequer of warp and weft.',
      others: ['In spirals around one point.', 'In random directions, as in felt.', 'All in parallel, with none across.'],
    },
  ],
  details: [
    {
      text: 'Which colours do the threads of the weave have?',
      answer: 'Blue-grey and pale grey.',
      others: ['Bright red and yellow.', 'Green and orange.', 'Pure black only.'],
    },
    {
      text: 'How much of the picture does the object fill?',
      answer: 'All of it.',
      others: ['Only a small spot in the middle.', 'Only the left third.', 'A narrow strip along the bottom.'],
    },
  ],
  analysis: [
    {
      text: 'What is the function of the object?',
      answer: 'It is a flat textile for sewing or covering.',
      others: ['It conducts signals between chips.', 'It seals a bottle.', 'It holds a bolt in place.'],
    },
    {
      text: 'What gives the object its strength?',
      answer: 'Its interlaced threads.',
      others: ['A layer of solder.', 'A hardened steel core.', 'A coat of enamel.'],
    },
  ],
};
