import { fractalNoise } from '../noise.js';
import type { Drawing, Product } from '../product.js';
import { blob, boundsOf, circle, hexagon, intersection, length, smoothStep, stroke, type Point, type Shape } from '../shapes.js';
import { NUT_TEXTS } from './machined-nut-texts.js';

const CENTRE = 128;
const APOTHEM = 84;
const FACE = 86;
const BORE = { outer: 50, inner: 43 };
const WHOLE = [20, 20, 236, 236] as const;

/** A turned hexagon nut on a dark belt, seen from above. */
export const machinedNut: Product = {
  ...NUT_TEXTS,
  pose: (random) => ({
    angle: random.between(0, 2 * Math.PI),
    scale: random.between(0.93, 1.02),
    dx: random.between(-9, 9),
    dy: random.between(-9, 9),
  }),
  draw: (drawing, fault, defect) => {
    drawBelt(drawing);
    drawNut(drawing);
    if (defect === 'scratch') drawScratches(fault);
    if (defect === 'rust') drawRust(fault);
    if (defect === 'chipped_edge') drawChippedEdge(fault);
  },
};

const body: Shape = intersection(hexagon(CENTRE, CENTRE, APOTHEM), circle(CENTRE, CENTRE, 95));

function drawBelt({ canvas, noise }: Drawing): void {
  const grain = fractalNoise(noise, 4);
  canvas.each((pixel, x, y) => {
    const tone = 0.15 + 0.07 * (grain(x / 7, y / 7) - 0.5) + 0.035 * (grain(x / 70 + 30, y / 70) - 0.5);
    // The nut stands on the belt: less light reaches the ground beside it.
    const shade = 1 - 0.6 * smoothStep(14, 0, body(x, y));
    canvas.red[pixel] = tone * shade;
    canvas.green[pixel] = tone * 1.03 * shade;
    canvas.blue[pixel] = tone * 1.09 * shade;
    canvas.height[pixel] = 0.9 * grain(x / 4, y / 4);
  });
}

function drawNut({ canvas, random, noise }: Drawing): void {
  const grooves = Float32Array.from({ length: 1024 }, () => random.normal());
  const lamp = random.between(0, 6.28);
  const clouds = fractalNoise(noise, 3);
  canvas.cover(WHOLE, body, (pixel, cover, x, y) => {
    const dx = x - CENTRE;
    const dy = y - CENTRE;
    const radius = length(dx, dy);
    const angle = Math.atan2(dy, dx);
    let tone: number;
    if (radius > FACE) {
      // The chamfer slopes down towards the corners and mirrors another part of the hall.
      tone = 0.5 + 0.2 * Math.cos(angle - lamp) + 0.08 * (clouds(x / 9, y / 9) - 0.5);
      canvas.gloss[pixel] = 0.25;
    } else if (radius > BORE.outer) {
      // Turning marks are rings, so the lamp shows as two opposite fans of light.
      const fan = Math.cos(angle - lamp) ** 2;
      const ring = 0.55 * grooves[Math.floor(radius * 4) & 1023]! + 0.45 * grooves[(Math.floor(radius * 1.3) + 512) & 1023]!;
      tone = 0.44 + 0.3 * fan * fan * fan + 0.035 * ring * (0.5 + fan) + 0.1 * (clouds(x / 30, y / 30) - 0.5);
      canvas.gloss[pixel] = 0.2;
    } else if (radius > BORE.inner) {
      tone = 0.62 - 0.22 * Math.cos(angle - lamp);
      canvas.gloss[pixel] = 0.3;
    } else {
      tone = thread(radius, angle, lamp, clouds(x / 20, y / 20));
      canvas.gloss[pixel] = 0;
    }
    const line = Math.exp(-(((radius - FACE) / 0.9) ** 2)) * 0.25 - Math.exp(-(((radius - BORE.inner) / 1) ** 2)) * 0.3;
    const rim = smoothStep(-2.2, 0, body(x, y)) * 0.3;
    const shown = Math.max(0.02, tone + line - rim);
    canvas.blend(pixel, cover, shown * 0.98, shown, shown * 1.02);
    canvas.height[pixel]! += ((radius > FACE ? (FACE - radius) * 0.35 : 0) - canvas.height[pixel]!) * cover;
  });
}

/** Thread flights are seen in steep perspective: bright crests that crowd together towards the dark opening. */
function thread(radius: number, angle: number, lamp: number, cloud: number): number {
  const depth = (BORE.inner - radius) / 11;
  if (depth > 1) return 0.05 + 0.03 * cloud;
  const flights = 0.5 + 0.5 * Math.sin(depth * 17 + angle);
  return (0.09 + 0.5 * flights * (0.65 - 0.35 * Math.cos(angle - lamp))) * (1 - 0.75 * depth);
}

/** Bright furrows with a burr on one side, in one direction, where something slid over the face. */
function drawScratches({ canvas, random }: Drawing): void {
  const angle = random.between(0, 6.28);
  const [cx, cy] = polar(angle, (FACE + BORE.outer) / 2);
  const heading = random.between(0, 6.28);
  const strokes = Array.from({ length: 1 + random.below(3) }, () => {
    const half = random.between(12, 24);
    const [ox, oy] = [random.between(-4, 4), random.between(-4, 4)];
    const bow = random.between(-2, 2);
    return [-1, -0.5, 0, 0.5, 1].map((t): Point => {
      const across = bow * (1 - t * t);
      const x = cx + ox + Math.cos(heading) * half * t - Math.sin(heading) * across;
      return [x, cy + oy + Math.sin(heading) * half * t + Math.cos(heading) * across];
    });
  });
  for (const points of strokes) {
    const width = random.between(0.7, 1.3);
    const tapered = (along: number): number => width * (0.35 + 0.65 * Math.sin(Math.PI * along));
    const onFace = intersection(stroke(points, tapered), ring);
    const shadow: Shape = (x, y) => onFace(x - 0.9, y - 0.9);
    const bounds = boundsOf(points, 4);
    canvas.cover(bounds, shadow, (pixel, cover) => canvas.darken(pixel, 1 - 0.7 * cover));
    canvas.cover(bounds, onFace, (pixel, cover) => canvas.blend(pixel, cover * 0.9, 0.96, 0.97, 0.98));
    canvas.mark(bounds, (x, y) => Math.min(onFace(x, y), shadow(x, y)) - 0.35);
  }
}

const ring: Shape = (x, y) => {
  const radius = length(x - CENTRE, y - CENTRE);
  return Math.max(radius - FACE + 1, BORE.outer + 1 - radius);
};

/** Oxide in orange and brown that eats the turning marks. */
function drawRust({ canvas, random, noise }: Drawing): void {
  const [cx, cy] = polar(random.between(0, 6.28), random.between(BORE.outer + 8, FACE - 8));
  const radius = random.between(12, 21);
  const crust = fractalNoise(noise, 4);
  const patch = blob(cx, cy, radius, noise, 0.55);
  const shape: Shape = (x, y) => Math.max(patch(x, y) + (crust(x / 5, y / 5) - 0.5) * 9, ring(x, y) - 4);
  const bounds = boundsOf([[cx, cy]], radius * 2);
  // Thin oxide stains the steel beyond the crust; it counts as rust.
  const stain: Shape = (x, y) => Math.max(shape(x, y) - 3.5, ring(x, y) - 4);
  canvas.cover(bounds, stain, (pixel, cover) => canvas.blend(pixel, cover * 0.45, 0.5, 0.31, 0.17), 5);
  canvas.cover(
    bounds,
    shape,
    (pixel, cover, x, y) => {
      const depth = crust(x / 4 + 60, y / 4);
      const tone = 0.16 + 0.62 * depth;
      canvas.blend(pixel, cover * (0.7 + 0.3 * depth), tone * 1.02, tone * 0.55, tone * 0.26);
      canvas.height[pixel]! += cover * (depth - 0.5) * 5;
      canvas.gloss[pixel]! *= 1 - cover;
    },
    2.4,
  );
  canvas.mark(bounds, stain);
}

/** Material broken off the outer edge: the belt shows, and behind it a grainy fracture. */
function drawChippedEdge({ canvas, random, noise }: Drawing): void {
  const corner = (Math.PI / 3) * random.below(6);
  const angle = corner + random.between(-0.4, 0.4);
  const radius = random.between(12, 19);
  const edge = Math.min(95, APOTHEM / Math.cos(Math.PI / 6 - Math.abs(angle - corner)));
  const [cx, cy] = polar(angle, edge + radius * 0.15);
  const bite = intersection(blob(cx, cy, radius, noise, 0.4), body);
  const bounds = boundsOf([[cx, cy]], radius * 1.8);
  const grains = fractalNoise(noise, 3);
  canvas.cover(bounds, bite, (pixel, cover, x, y) => {
    const inward = length(x - cx, y - cy) / radius;
    const gone = smoothStep(0.72, 0.58, inward + (noise(x / 5, y / 5) - 0.5) * 0.25);
    const grain = grains(x / 3, y / 3);
    const fracture = 0.2 + 0.5 * grain;
    const tone = fracture + (0.055 + 0.04 * grain - fracture) * gone;
    canvas.blend(pixel, cover, tone, tone, tone * 1.02);
    canvas.height[pixel]! += (grain * 4 * (1 - gone) - canvas.height[pixel]!) * cover;
    canvas.gloss[pixel]! *= 1 - cover * gone;
  });
  canvas.mark(bounds, bite);
}

function polar(angle: number, radius: number): Point {
  return [CENTRE + Math.cos(angle) * radius, CENTRE + Math.sin(angle) * radius];
}
