import type { ProductTexts } from '../product.js';

export const BOARD_TEXTS: ProductTexts = {
  folder: 'circuit_board',
  name: 'Soldered circuit board.',
  normalKnowledge:
    ' <Circuit board, normal>\n Description: The window shows a green solder-masked board with one black package of sixteen leads, five resistors and three capacitors, all at their printed positions. Every pad carries a smooth, shiny solder fillet, neighbouring leads are separated by clean solder mask, the mask is closed over all traces, and the white legend is complete. Small differences in board position, lamp direction and solder gloss are normal.',
  defects: [
    {
      folder: 'missing_chip',
      name: 'Missing component.',
      appearance: 'Two flat, bare solder pads lie beside a printed name, and no component bridges them.',
      effect: 'The circuit is interrupted at that place, so the board fails its functional test.',
      knowledge:
        ' <Missing component>\n Description: A resistor or capacitor that the legend names is absent. Its two pads are visible over their whole length with flat solder and the green mask shows between them. Parts are lost by an empty feeder, a worn pick-up nozzle, or knocked off before reflow. The net stays open, so the function that hangs on it fails in test. The pads are undamaged and the part can be fitted by rework.',
    },
    {
      folder: 'solder_bridge',
      name: 'Solder bridge.',
      appearance: 'Shiny solder joins two neighbouring leads of the package that should be separate.',
      effect: 'Two signals are shorted, which can overload a driver and give wrong logic levels.',
      knowledge:
        ' <Solder bridge>\n Description: A lump or neck of shiny solder spans the gap between two adjacent leads of the package, where green mask should show. Bridges come from too much paste, a smeared stencil print, or leads placed off their pads. They short two nets and may overload an output as soon as power is applied. A bridge is as bright as the fillets beside it and merges into both of them.',
    },
    {
      folder: 'scratch',
      name: 'Scratched solder mask.',
      appearance: 'A thin pale line tears open the green mask, copper-coloured where it crosses a trace.',
      effect: 'Copper is laid open to moisture, so it can corrode and leak current to its neighbours.',
      knowledge:
        ' <Scratched solder mask>\n Description: A narrow, slightly curved line runs over the board, pale on the laminate and copper-red where it opens a trace. It follows the path of a tool or a board edge, not the layout. Scratches are made in handling, depanelling or stacking. Exposed copper corrodes and loses insulation; a deep scratch cuts the trace. Scratches pass between the components, which they do not move.',
    },
  ],
  structure: [
    {
      text: 'What does the structure in the image consist of?',
      answer: 'A package with leads, small two-ended components, traces and plated holes.',
      others: [
        'A ring of glass around an opening.',
        'Two sets of threads that cross at right angles.',
        'A six-sided body around a threaded bore.',
      ],
    },
    {
      text: 'How are the leads of the large package arranged?',
      answer: 'In two rows of eight on opposite sides.',
      others: ['In one row of four on one side.', 'In a circle around the package.', 'In rows on all four sides.'],
    },
  ],
  details: [
    {
      text: 'What colour is the printed legend of the board?',
      answer: 'White.',
      others: ['Red.', 'Yellow.', 'Black.'],
    },
    {
      text: 'Which package colour does the large component have?',
      answer: 'Black.',
      others: ['White.', 'Red.', 'Blue.'],
    },
    {
      text: 'What colour is the solder mask of the board?',
      answer: 'Green.',
      others: ['Red.', 'White.', 'Yellow.'],
    },
  ],
  analysis: [
    {
      text: 'What is the function of the object?',
      answer: 'It carries electronic components and connects them electrically.',
      others: ['It closes a bottle tightly.', 'It clamps two parts by a screw thread.', 'It is cut and sewn into garments.'],
    },
    {
      text: 'Why must neighbouring leads stay separate?',
      answer: 'Solder between them would short two signals.',
      others: ['They would become too heavy.', 'The board could no longer be painted.', 'Light could not pass between them.'],
    },
  ],
};
