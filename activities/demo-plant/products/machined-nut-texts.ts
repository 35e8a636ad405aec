import type { ProductTexts } from '../product.js';

export const NUT_TEXTS: ProductTexts = {
  folder: 'machined_nut',
  name: 'Machined hexagon nut.',
  normalKnowledge:
    ' <Machined nut, normal>\n Description: A bright steel hexagon nut lies on a dark belt. The face is turned: fine concentric marks cross it without interruption and show the lamp as two opposite fans of light. All six corners are present with an even chamfer, the bore has a clean bevel, and the thread flights are evenly spaced. The nut may lie at any angle, and the fans turn with the lamp.',
  defects: [
    {
      folder: 'scratch',
      name: 'Scratched face.',
      appearance: 'Straight bright furrows run across the face and cut through the turning marks.',
      effect: 'The seating surface is uneven, so the clamping load is spread badly and corrosion can start.',
      knowledge:
        ' <Scratched face>\n Description: One or a few bright furrows with a dark burr run across the turned face. They cut through the concentric turning marks at an angle, while turning marks are always rings. Scratches are made by chips in the fixture or by parts that slide over each other in bulk. They disturb the seating surface and give corrosion a start; shallow ones are polished out.',
    },
    {
      folder: 'rust',
      name: 'Rust.',
      appearance: 'A rough orange-brown patch covers part of the face and hides the turning marks.',
      effect: 'Oxidation goes on under the surface, which lowers strength and lets the thread seize.',
      knowledge:
        ' <Rust>\n Description: A rough, matt patch in orange and brown lies on the steel, darker in its middle and breaking up into spots at its border. It hides the turning marks. Rust comes from parts that stayed wet after washing or were stored without oil. It goes on under the surface, lowers strength and lets the thread seize. Parts are derusted and inspected again, or scrapped.',
    },
    {
      folder: 'chipped_edge',
      name: 'Chipped edge.',
      appearance: 'Metal is missing at the outer edge, and a grainy fracture takes the place of the clean outline.',
      effect: 'A wrench finds less grip on the corner and may slip off or round it further.',
      knowledge:
        ' <Chipped edge>\n Description: A piece of metal has broken off the outline at or near a corner. The chamfer ends abruptly, and a grainy, matt fracture lies where the bright face should be. Chips come from a blow in transport, a forging lap, or a brittle hardened part. The wrench loses its grip there and may slip; the part is scrapped, because the fracture may have started a crack.',
    },
  ],
  structure: [
    {
      text: 'What does the structure in the image consist of?',
      answer: 'A six-sided metal body with a round threaded bore.',
      others: ['A round glass ring.', 'A board with leads and pads.', 'A cloth of crossing threads.'],
    },
    {
      text: 'How many sides does the outline of the object have?',
      answer: 'Six.',
      others: ['Three.', 'Four.', 'Eight.'],
    },
  ],
  details: [
    {
      text: 'Which marks does the face of the object show?',
      answer: 'Fine concentric rings.',
      others: ['A printed bar code.', 'A chequerboard of two colours.', 'Rows of round dimples.'],
    },
    {
      text: 'What is the background like?',
      answer: 'Dark and matt.',
      others: ['Bright white and glossy.', 'Striped in red and white.', 'Covered in green felt with letters.'],
    },
  ],
  analysis: [
    {
      text: 'What is the function of the object?',
      answer: 'It clamps parts together on a threaded bolt.',
      others: ['It closes a glass bottle.', 'It carries electronic components.', 'It is sewn into clothing.'],
    },
    {
      text: 'What are the flat sides of the object for?',
      answer: 'They give a wrench its grip.',
      others: ['They conduct electricity.', 'They seal against liquid.', 'They reflect light to a sensor.'],
    },
  ],
};
