import type { SeededRandom } from '../datasets/seeded-random.js';
import type { Canvas, Pose } from './canvas.js';
import type { Noise } from './noise.js';

/** What a product or a defect is drawn with. Its sources of chance are the picture's own. */
export interface Drawing {
  readonly canvas: Canvas;
  readonly random: SeededRandom;
  readonly noise: Noise;
}

/** A kind of defect: how it is drawn, and what is true of it. */
export interface ProductDefect {
  /** Folder name, as in MMAD. */
  readonly folder: string;
  /** Answer to "What is the type of the defect?". */
  readonly name: string;
  readonly appearance: string;
  readonly effect: string;
  /** The domain snippet. */
  readonly knowledge: string;
}

/** A question about the product as such, with the right answer first. True of every picture of the product. */
export interface ObjectQuestion {
  readonly text: string;
  readonly answer: string;
  readonly others: readonly [string, string, string];
}

/** What is said of a product. */
export interface ProductTexts {
  /** Folder name of the class. */
  readonly folder: string;
  /** Answer to "What kind of product is in the image?". */
  readonly name: string;
  readonly normalKnowledge: string;
  readonly structure: readonly ObjectQuestion[];
  readonly details: readonly ObjectQuestion[];
  readonly analysis: readonly ObjectQuestion[];
  readonly defects: readonly ProductDefect[];
}

/** One product of the demo plant. `draw` paints the product and, where asked, one defect with its mask. */
export interface Product extends ProductTexts {
  pose(random: SeededRandom): Pose;
  /**
   * `good` draws a normal product; any other folder of `defects` adds that defect, drawn with the generators of
   * `fault`: the product around it is the same with and without it.
   */
  draw(drawing: Drawing, fault: Drawing, defect: string): void;
}
