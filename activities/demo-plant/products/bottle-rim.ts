import { fractalNoise } from '../noise.js';
import type { Drawing, Product } from '../product.js';
import { blob, boundsOf, circle, length, smoothStep, stroke, type Point } from '../shapes.js';
import { BOTTLE_TEXTS } from './bottle-rim-texts.js';

const CENTRE = 128;
const BODY = 112;
const RIM = { inner: 62, outer: 84, ridge: 73 };

/** The mouth of a brown glass bottle from above, on a light table. */
export const bottleRim: Product = {
  ...BOTTLE_TEXTS,
  pose: (random) => ({
    angle: random.between(0, 2 * Math.PI),
    scale: random.between(0.95, 1.02),
    dx: random.between(-5, 5),
    dy: random.between(-5, 5),
  }),
  draw: (drawing, fault, defect) => {
    drawGlass(drawing);
    if (defect === 'chip') drawChip(fault);
    if (defect === 'crack') drawCrack(fault);
    if (defect === 'contamination') drawContamination(fault);
  },
};

function drawGlass({ canvas, random, noise }: Drawing): void {
  const clouds = fractalNoise(noise, 3);
  const phase = random.between(0, 6.28);
  const reflections = Array.from({ length: 3 }, (_, i) => ({
    angle: phase + i * 2.09 + random.between(-0.25, 0.25),
    width: random.between(0.35, 0.7),
    strength: random.between(0.35, 0.75),
  }));
  canvas.each((pixel, x, y) => {
    const dx = x - CENTRE;
    const dy = y - CENTRE;
    const radius = length(dx, dy) + (clouds(x / 40, y / 40) - 0.5) * 1.2;
    const table = 0.9 + (clouds(x / 60 + 40, y / 60) - 0.5) * 0.05;
    canvas.red[pixel] = table;
    canvas.green[pixel] = table * 0.995;
    canvas.blue[pixel] = table * 0.97;
    const body = smoothStep(BODY + 1, BODY - 1, radius);
    if (body === 0) {
      canvas.darken(pixel, 1 - 0.22 * smoothStep(BODY + 16, BODY, radius));
      return;
    }
    const angle = Math.atan2(dy, dx);
    // Thickness of glass that the light crosses: much at the wall, little at the shoulder, the base glows through.
    const shoulder = smoothStep(RIM.outer, BODY - 6, radius);
    const wall = smoothStep(BODY - 9, BODY - 1, radius);
    const base = smoothStep(RIM.inner + 1, RIM.inner - 22, radius);
    const streaks = clouds(angle * 9 + 60, radius / 30) - 0.5;
    const tone = 0.14 + 0.2 * shoulder * (1 + streaks * 0.9) - 0.22 * wall + 0.12 * base;
    const glow = smoothStep(34, 6, radius) * 0.16;
    canvas.blend(pixel, body, tone * 1.5 + glow * 1.3, tone * 0.82 + glow * 0.75, tone * 0.36 + glow * 0.25);
    const t = (radius - RIM.ridge) / (RIM.outer - RIM.ridge);
    if (Math.abs(t) < 1) canvas.height[pixel] = 7 * Math.sqrt(1 - t * t);
    const ring = smoothStep(1.05, 0.85, Math.abs(t));
    canvas.blend(pixel, ring * 0.75, 0.3 + streaks * 0.05, 0.18 + streaks * 0.03, 0.085);
    canvas.gloss[pixel] = 0.75 * ring + 0.08 * shoulder;
    const line = near(radius, RIM.ridge - 3, 2.2) + 0.5 * near(radius, RIM.outer + 7, 2.6) + 0.35 * near(radius, RIM.inner - 9, 3.5);
    if (line > 0) {
      for (const { angle: at, width, strength } of reflections) {
        const turn = Math.abs(angle - at) % 6.2831853;
        const along = smoothStep(width, width * 0.55, Math.min(turn, 6.2831853 - turn));
        if (along > 0) canvas.blend(pixel, Math.min(0.95, along * strength * line), 0.97, 0.95, 0.9);
      }
    }
    const groove = near(radius, RIM.inner, 1.6) + 0.8 * near(radius, RIM.outer + 1, 1.4);
    canvas.darken(pixel, 1 - 0.75 * Math.min(1, groove));
  });
}

/** A bell around `centre`; 0 where it is too low to be seen. */
function near(value: number, centre: number, width: number): number {
  const t = (value - centre) / width;
  return Math.abs(t) > 2.6 ? 0 : Math.exp(-t * t);
}

/** A bite out of the rim's outer edge, its fracture bright and shell-shaped. */
function drawChip({ canvas, random, noise }: Drawing): void {
  const angle = random.between(0, 6.28);
  const radius = random.between(9, 16);
  const [cx, cy] = around(angle, RIM.outer - radius * 0.25);
  const shape = blob(cx, cy, radius, noise, 0.26);
  const bounds = boundsOf([[cx, cy]], radius * 1.6);
  const [ox, oy] = around(angle, RIM.outer + radius);
  canvas.cover(bounds, shape, (pixel, cover, x, y) => {
    const from = length(x - ox, y - oy);
    const shell = 0.5 + 0.5 * Math.sin(from * 1.1 + noise(x / 6, y / 6) * 5);
    const facet = noise(x / 5 + 90, y / 5);
    const sparkle = smoothStep(0.7, 0.88, facet);
    const tone = 0.13 + 0.34 * shell * facet + 0.4 * sparkle;
    canvas.blend(pixel, cover, tone * 1.25, tone * (0.82 + 0.16 * sparkle), tone * (0.5 + 0.4 * sparkle));
    canvas.height[pixel]! += (shell * 0.6 + facet * 2 - canvas.height[pixel]!) * cover;
    canvas.gloss[pixel] = 0.3 * facet;
  });
  canvas.cover(
    bounds,
    (x, y) => Math.abs(shape(x, y)) - 0.7,
    (pixel, cover) => canvas.blend(pixel, cover * 0.7, 0.9, 0.86, 0.78),
  );
  canvas.mark(bounds, (x, y) => shape(x, y) - 0.7);
}

/** A jagged line across the rim, bright on one side where the split mirrors the lamp. */
function drawCrack({ canvas, random }: Drawing): void {
  const angle = random.between(0, 6.28);
  const points: Point[] = [];
  let turn = angle;
  for (let radius = RIM.inner + random.between(-4, 3); radius < BODY - random.between(4, 12); radius += random.between(3.5, 7)) {
    points.push(around(turn, radius));
    turn += random.between(-0.07, 0.09);
  }
  const width = random.between(0.9, 1.5);
  const fading = (along: number): number => width * (1.15 - 0.75 * along);
  const shape = stroke(points, fading);
  const bounds = boundsOf(points, 6);
  const [sx, sy] = [Math.cos(angle + 1.57) * 1.3, Math.sin(angle + 1.57) * 1.3];
  const dark = (x: number, y: number): number => shape(x - sx, y - sy);
  canvas.cover(bounds, dark, (pixel, cover) => canvas.darken(pixel, 1 - 0.75 * cover));
  canvas.cover(bounds, shape, (pixel, cover) => canvas.blend(pixel, cover * 0.85, 0.92, 0.88, 0.78));
  canvas.mark(bounds, (x, y) => Math.min(shape(x, y), dark(x, y)) - 0.3);
}

/** A pale residue that dried in the mouth, with loose specks around it. */
function drawContamination({ canvas, random, noise }: Drawing): void {
  const [cx, cy] = around(random.between(0, 6.28), random.between(8, 48));
  const radius = random.between(9, 17);
  const main = blob(cx, cy, radius, noise, 0.6);
  const specks = Array.from({ length: 5 + random.below(6) }, () => {
    const [x, y] = [cx + random.normal() * radius * 0.9, cy + random.normal() * radius * 0.9];
    return circle(x, y, random.between(0.8, 2.4));
  });
  const shape = (x: number, y: number): number => specks.reduce((nearest, speck) => Math.min(nearest, speck(x, y)), main(x, y));
  const bounds = boundsOf([[cx, cy]], radius * 4);
  const crumbs = fractalNoise(noise, 4);
  canvas.cover(
    bounds,
    shape,
    (pixel, cover, x, y) => {
      const grain = crumbs(x / 5 + 30, y / 5);
      const tone = 0.34 + 0.55 * grain;
      canvas.blend(pixel, cover * (0.72 + 0.28 * grain), tone, tone * 0.97, tone * 0.86);
      canvas.height[pixel]! += cover * grain * 3;
    },
    1.6,
  );
  canvas.mark(bounds, (x, y) => shape(x, y) - 0.2);
}

function around(angle: number, radius: number): Point {
  return [CENTRE + Math.cos(angle) * radius, CENTRE + Math.sin(angle) * radius];
}
