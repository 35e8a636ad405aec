import type { Raster } from '../../contracts/ports/image-codec.js';
import type { SeededRandom } from '../datasets/seeded-random.js';
import { UNITS, type Canvas } from './canvas.js';

/** A station's light and camera, drawn anew for each picture. */
interface Station {
  /** Where the light comes from: azimuth in the picture's plane, and how flat it falls. */
  readonly azimuth: number;
  readonly tilt: number;
  readonly exposure: number;
  readonly warmth: number;
  /** Brightness lost from one side of the picture to the other, and in its corners. */
  readonly slope: number;
  readonly vignette: number;
  readonly blur: number;
  readonly grain: number;
}

/** Photographs a surface: relief under a lamp, uneven light, lens, sensor noise. */
export function photograph(canvas: Canvas, random: SeededRandom): Raster {
  const station: Station = {
    azimuth: -2.2 + random.between(-0.5, 0.5),
    tilt: random.between(0.55, 0.8),
    exposure: random.between(0.86, 1.1),
    warmth: random.between(-0.035, 0.035),
    slope: random.between(0.03, 0.16),
    vignette: random.between(0.04, 0.16),
    blur: random.between(0.25, 0.7),
    grain: random.between(0.006, 0.016),
  };
  const light = illuminate(canvas, station);
  const sharpness = station.blur * Math.min(1, canvas.size / UNITS);
  const channels = [canvas.red, canvas.green, canvas.blue].map((albedo, channel) =>
    blurred(lit(albedo, light, 1 + station.warmth * (1 - channel)), canvas.size, sharpness),
  );
  return { width: canvas.size, height: canvas.size, channels: 3, data: expose(channels, station.grain, random) };
}

interface Light {
  readonly diffuse: Float32Array;
  readonly glint: Float32Array;
}

function lit(albedo: Float32Array, { diffuse, glint }: Light, tint: number): Float32Array {
  const seen = new Float32Array(albedo.length);
  for (let i = 0; i < seen.length; i++) seen[i] = albedo[i]! * tint * diffuse[i]! + glint[i]!;
  return seen;
}

/** Lambert's law over the height field, a narrow highlight where the surface is glossy, and the lamp's own unevenness. */
function illuminate({ size, height, gloss }: Canvas, station: Station): Light {
  const lx = Math.cos(station.azimuth) * Math.sin(station.tilt);
  const ly = Math.sin(station.azimuth) * Math.sin(station.tilt);
  const lz = Math.cos(station.tilt);
  const halfNorm = Math.hypot(lx, ly, lz + 1);
  const [hx, hy, hz] = [lx / halfNorm, ly / halfNorm, (lz + 1) / halfNorm];
  const slope = size / UNITS / 2;
  const diffuse = new Float32Array(size * size);
  const glint = new Float32Array(size * size);
  for (let y = 0, i = 0; y < size; y++) {
    const up = y > 0 ? -size : 0;
    const down = y < size - 1 ? size : 0;
    const v = (y + 0.5) / size - 0.5;
    for (let x = 0; x < size; x++, i++) {
      const nx = (height[i + (x > 0 ? -1 : 0)]! - height[i + (x < size - 1 ? 1 : 0)]!) * slope;
      const ny = (height[i + up]! - height[i + down]!) * slope;
      const norm = 1 / Math.sqrt(nx * nx + ny * ny + 1);
      const u = (x + 0.5) / size - 0.5;
      const falloff = (1 + station.slope * 2 * (u * lx + v * ly)) * (1 - station.vignette * 2 * (u * u + v * v)) * station.exposure;
      const lambert = Math.max(0, (nx * lx + ny * ly + lz) * norm) / lz;
      diffuse[i] = (0.45 + 0.55 * lambert) * falloff;
      const shine = gloss[i]!;
      if (shine > 0) {
        const facing = Math.max(0, (nx * hx + ny * hy + hz) * norm);
        const f3 = facing * facing * facing;
        const f12 = f3 * f3 * f3 * f3;
        glint[i] = shine * f12 * f12 * falloff;
      }
    }
  }
  return { diffuse, glint };
}

/** A separable three-tap blur: `strength` 0 leaves the picture, 1 is a binomial kernel. */
function blurred(source: Float32Array, size: number, strength: number): Float32Array {
  const side = strength / 4;
  const centre = 1 - 2 * side;
  const rows = new Float32Array(source.length);
  for (let y = 0, i = 0; y < size; y++) {
    for (let x = 0; x < size; x++, i++) {
      const left = x > 0 ? i - 1 : i;
      const right = x < size - 1 ? i + 1 : i;
      rows[i] = centre * source[i]! + side * (source[left]! + source[right]!);
    }
  }
  const both = new Float32Array(source.length);
  for (let y = 0, i = 0; y < size; y++) {
    const up = y > 0 ? size : 0;
    const down = y < size - 1 ? size : 0;
    for (let x = 0; x < size; x++, i++) both[i] = centre * rows[i]! + side * (rows[i - up]! + rows[i + down]!);
  }
  return both;
}

const GAUSSIANS = 4096;

/** Sensor noise that grows with brightness, then 8 bits. Part of the noise is common to the channels, as a sensor's is. */
function expose(channels: readonly Float32Array[], grain: number, random: SeededRandom): Uint8Array {
  const [red, green, blue] = channels as [Float32Array, Float32Array, Float32Array];
  const gaussians = Float32Array.from({ length: GAUSSIANS }, () => random.normal() * grain * 0.6);
  const data = new Uint8Array(red.length * 3);
  let state = random.below(0x7fffffff) | 1;
  for (let i = 0, at = 0; i < red.length; i++, at += 3) {
    // One step of the generator has bits for two draws of the table.
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const common = gaussians[(state >>> 8) & (GAUSSIANS - 1)]!;
    const first = gaussians[(state >>> 20) & (GAUSSIANS - 1)]!;
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[at] = developed(red[i]!, common + first);
    data[at + 1] = developed(green[i]!, common + gaussians[(state >>> 8) & (GAUSSIANS - 1)]!);
    data[at + 2] = developed(blue[i]!, common + gaussians[(state >>> 20) & (GAUSSIANS - 1)]!);
  }
  return data;
}

function developed(value: number, noise: number): number {
  const noisy = value + noise * (0.5 + value);
  return noisy <= 0 ? 0 : noisy >= 1 ? 255 : (noisy * 255 + 0.5) | 0;
}
