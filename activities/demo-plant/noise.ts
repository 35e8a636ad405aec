import type { SeededRandom } from '../datasets/seeded-random.js';

/** A smooth random field over the plane with values in [0, 1]; one bump a unit. */
export type Noise = (x: number, y: number) => number;

const CELLS = 256;

/** Value noise: random values on a lattice, blended smoothly between. Repeats after 256 units. */
export function valueNoise(random: SeededRandom): Noise {
  const values = Float32Array.from({ length: CELLS }, () => random.next());
  const order = Uint8Array.from(random.shuffle(Array.from({ length: CELLS }, (_, i) => i)));
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const fx = x - left;
    const fy = y - top;
    const sx = fx * fx * (3 - 2 * fx);
    const sy = fy * fy * (3 - 2 * fy);
    const row = order[top & 255]!;
    const below = order[(top + 1) & 255]!;
    const a = values[(left + row) & 255]!;
    const b = values[(left + 1 + row) & 255]!;
    const c = values[(left + below) & 255]!;
    const d = values[(left + 1 + below) & 255]!;
    const upper = a + (b - a) * sx;
    return upper + (c + (d - c) * sx - upper) * sy;
  };
}

/** Octaves of a noise added up: large shapes with finer and finer detail. Values in [0, 1], mean 0.5. */
export function fractalNoise(noise: Noise, octaves: number): Noise {
  const total = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    for (let octave = 0, weight = 1, scale = 1; octave < octaves; octave++, weight /= 2, scale *= 2) {
      sum += weight * noise(x * scale + octave * 17.3, y * scale + octave * 5.9);
    }
    return sum / total;
  };
}
