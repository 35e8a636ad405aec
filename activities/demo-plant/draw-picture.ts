import type { Raster } from '../../contracts/ports/image-codec.js';
import { seededRandom } from '../datasets/seeded-random.js';
import { photograph } from './camera.js';
import { Canvas } from './canvas.js';
import { valueNoise } from './noise.js';
import type { Drawing, Product } from './product.js';

/** A drawn picture with its exact mask (empty for `good`). */
export interface DrawnPicture {
  readonly picture: Raster;
  readonly mask: Raster;
}

/**
 * Draws one picture. Product, station and defect have generators of their own, keyed by seed and name: the same name
 * without a defect is the same photograph elsewhere.
 */
export function drawPicture(product: Product, defect: string, name: string, seed: number, size: number): DrawnPicture {
  const random = (part: string): ReturnType<typeof seededRandom> => seededRandom(seed, 'demo-plant', product.folder, name, part);
  const canvas = new Canvas(size, product.pose(random('pose')));
  const drawing = (part: string): Drawing => ({ canvas, random: random(part), noise: valueNoise(random(`${part}-noise`)) });
  product.draw(drawing('surface'), drawing('fault'), defect);
  const picture = photograph(canvas, random('station'));
  return { picture, mask: { width: size, height: size, channels: 1, data: canvas.mask } };
}
