import type { ProductTexts } from '../product.js';

export const BOTTLE_TEXTS: ProductTexts = {
  folder: 'bottle_rim',
  name: 'Glass bottle mouth.',
  normalKnowledge:
    ' <Bottle rim, normal>\n Description: The mouth of a brown glass bottle is seen from above on a light table. The sealing rim is an unbroken ring of even width with smooth borders; the lamp shows on it as a few long, soft arcs. The shoulder around it is evenly brown and the opening is clean down to the base. The arcs turn with the bottle and differ in length from picture to picture, which is normal.',
  defects: [
    {
      folder: 'chip',
      name: 'Chipped rim.',
      appearance: 'A piece is broken out of the rim, and the break has a rough surface with a bright edge.',
      effect: 'The closure cannot seal there, and glass splinters may get into the product.',
      knowledge:
        ' <Chipped rim>\n Description: A piece of glass has broken out of the outer edge of the sealing rim. The bite is irregular, its fracture is rough or shell-shaped and sparkles, and the smooth outline of the ring is interrupted. Chips come from bottles that strike each other on the conveyor or from a badly set filling head. The closure leaks there, and splinters are a hazard to the consumer: the bottle is rejected without exception.',
    },
    {
      folder: 'crack',
      name: 'Crack in the glass.',
      appearance: 'A thin jagged line runs outwards across the rim, bright on one side and dark on the other.',
      effect: 'The glass is weakened and may burst when it is capped or put under pressure.',
      knowledge:
        ' <Crack>\n Description: A thin, slightly jagged line crosses the rim from the opening towards the shoulder. It mirrors the lamp on one side and lies dark on the other, and it tapers outwards. No glass is missing. Cracks come from thermal shock after forming or from capping with too much torque. They grow under internal pressure, and the bottle may burst in filling or in storage.',
    },
    {
      folder: 'contamination',
      name: 'Contamination.',
      appearance: 'A pale, crumbly residue with loose specks lies in the mouth of the bottle.',
      effect: 'Foreign matter gets into the product, which makes it unfit for sale.',
      knowledge:
        ' <Contamination>\n Description: A pale patch of dried residue or foreign matter lies in the mouth, with an irregular border and separate specks around it. It is matt and crumbly, unlike the smooth arcs of the lamp, and it hides the glass beneath. It is left by incomplete washing or falls in before filling. The glass itself is intact; the bottle must be washed again, and a filled one is blocked.',
    },
  ],
  structure: [
    {
      text: 'What does the structure in the image consist of?',
      answer: 'Concentric rings of glass around a dark opening.',
      others: ['Traces and pads on a board.', 'Threads that cross at right angles.', 'A six-sided metal body with a bore.'],
    },
    {
      text: 'What is the shape of the object?',
      answer: 'Round, with an opening in the middle.',
      others: ['Square, with four holes.', 'Triangular, with rounded corners.', 'Six-sided, with sharp corners.'],
    },
  ],
  details: [
    {
      text: 'What colour is the glass?',
      answer: 'Brown.',
      others: ['Blue.', 'Pink.', 'Bright green.'],
    },
    {
      text: 'What is the background like?',
      answer: 'Light and even.',
      others: ['Black with white stripes.', 'A printed chequerboard.', 'A bright red sheet.'],
    },
  ],
  analysis: [
    {
      text: 'What is the function of the object?',
      answer: 'It lets a container be filled and takes its closure.',
      others: ['It connects electronic parts.', 'It clamps two parts on a bolt.', 'It filters dust from the air.'],
    },
    {
      text: 'Why must the rim be smooth all around?',
      answer: 'The closure seals on it.',
      others: ['It carries an electric current.', 'It must grip a wrench.', 'It must take up dye.'],
    },
  ],
};
