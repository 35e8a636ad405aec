import { fractalNoise, type Noise } from '../noise.js';
import type { Drawing, Product } from '../product.js';
import { blob, boundsOf, length, smoothStep, stroke, type Point } from '../shapes.js';
import { FABRIC_TEXTS } from './woven-fabric-texts.js';

const PITCH = 7;

/** A plain weave of grey-blue warp and pale weft, seen straight from above; it fills the picture. */
export const wovenFabric: Product = {
  ...FABRIC_TEXTS,
  pose: (random) => ({
    angle: random.between(-0.06, 0.06),
    scale: random.between(0.97, 1.08),
    dx: random.between(-PITCH, PITCH),
    dy: random.between(-PITCH, PITCH),
  }),
  draw: (drawing, fault, defect) => {
    drawWeave(drawing);
    if (defect === 'hole') drawHole(fault);
    if (defect === 'oil_stain') drawStain(fault);
    if (defect === 'foreign_thread') drawThread(fault);
  },
};

function drawWeave({ canvas, random, noise }: Drawing): void {
  const slubs = Float32Array.from({ length: 512 }, () => random.normal());
  const drift = fractalNoise(noise, 2);
  canvas.each((pixel, x, y) => {
    const wx = x + (drift(x / 45, y / 45) - 0.5) * 5;
    const wy = y + (drift(x / 45 + 50, y / 45) - 0.5) * 5;
    const i = Math.floor(wx / PITCH);
    const j = Math.floor(wy / PITCH);
    const fx = wx / PITCH - i - 0.5;
    const fy = wy / PITCH - j - 0.5;
    const warpOnTop = ((i + j) & 1) === 0;
    // Across: the thread's round section. Along: it dives under its neighbours at both ends.
    const across = warpOnTop ? fx : fy;
    const along = warpOnTop ? fy : fx;
    const gap = smoothStep(0.5, 0.41, Math.abs(across) + 0.06 * Math.abs(along));
    const dive = Math.cos(along * 2.6);
    const thread = slubs[((warpOnTop ? i : j + 256) + 128) & 511]!;
    const fibres = warpOnTop ? noise(wx * 1.5 + wy * 0.35, wy * 0.3) : noise(wx * 0.3 + 80, wy * 1.5 + wx * 0.35);
    const tone = (0.6 + 0.4 * dive) * (0.86 + 0.28 * fibres) * (1 + 0.05 * thread) * (0.28 + 0.72 * gap);
    if (warpOnTop) {
      canvas.red[pixel] = 0.46 * tone;
      canvas.green[pixel] = 0.53 * tone;
      canvas.blue[pixel] = 0.62 * tone;
    } else {
      canvas.red[pixel] = 0.72 * tone;
      canvas.green[pixel] = 0.71 * tone;
      canvas.blue[pixel] = 0.67 * tone;
    }
    canvas.height[pixel] = 1.5 * Math.sqrt(Math.max(0, 1 - 4 * across * across)) * dive;
  });
}

function place(random: Drawing['random'], margin: number): Point {
  return [random.between(margin, 256 - margin), random.between(margin, 256 - margin)];
}

/** Threads are torn: the dark backing shows, and their ends hang into the opening along warp and weft. */
function drawHole({ canvas, random, noise }: Drawing): void {
  const [cx, cy] = place(random, 52);
  const radius = random.between(11, 20);
  const shape = blob(cx, cy, radius, noise, 0.3);
  const bounds = boundsOf([[cx, cy]], radius * 1.7);
  canvas.cover(
    bounds,
    shape,
    (pixel, cover, x, y) => {
      // Deeper towards the middle, where the cloth throws no light on the backing.
      const deep = 0.045 + 0.1 * smoothStep(-7, 0, shape(x, y)) + 0.05 * noise(x / 4, y / 4);
      canvas.blend(pixel, cover, deep, deep, deep * 1.08);
      canvas.height[pixel]! *= 1 - cover;
    },
    2.5,
  );
  for (let end = 0; end < radius * 2.2; end++) drawFrayedEnd({ canvas, random, noise }, cx, cy, radius);
  canvas.mark(bounds, (x, y) => shape(x, y) - 1);
}

/** One torn thread, from the border inwards, so that no end leaves the mask. */
function drawFrayedEnd({ canvas, random }: Drawing, cx: number, cy: number, radius: number): void {
  const isWarp = random.next() < 0.5;
  const offset = random.between(-0.75, 0.75) * radius;
  const from = (random.next() < 0.5 ? -1 : 1) * Math.sqrt(radius * radius - offset * offset) * 0.86;
  const reach = random.between(0.15, 0.75) * radius * Math.sign(-from);
  const drift = random.between(-2.5, 2.5);
  const points = [0, 0.35, 0.7, 1].map((t): Point => {
    const along = from + reach * t;
    const across = offset + drift * t * t;
    return isWarp ? [cx + across, cy + along] : [cx + along, cy + across];
  });
  const bright = random.between(0.55, 1.05);
  const [red, green, blue] = isWarp ? [0.42, 0.48, 0.56] : [0.66, 0.65, 0.61];
  const line = stroke(points, tapering);
  canvas.cover(boundsOf(points, 4), line, (pixel, cover) => {
    canvas.blend(pixel, cover * 0.9, red * bright, green * bright, blue * bright);
    canvas.height[pixel]! += (1 - canvas.height[pixel]!) * cover;
  });
}

/** A torn end untwists: it starts as a thread and thins to single fibres. */
function tapering(along: number): number {
  return 1.5 - 1.25 * along;
}

/** Oil darkens the yarn without moving it; the border wicks along the threads. */
function drawStain({ canvas, random, noise }: Drawing): void {
  const [cx, cy] = place(random, 56);
  const radius = random.between(17, 32);
  const stretch = random.between(0.75, 1.3);
  const strength = random.between(0.6, 1);
  const creep: Noise = fractalNoise(noise, 3);
  const shape = (x: number, y: number): number => {
    const wicking = (creep((x - cx) / 26 + 9, (y - cy) / 26) - 0.5) * radius * 0.6 + (noise(x / 3, y / 3) - 0.5) * 4;
    return length((x - cx) * stretch, (y - cy) / stretch) - radius - wicking;
  };
  const bounds = boundsOf([[cx, cy]], radius * 2);
  canvas.cover(
    bounds,
    shape,
    (pixel, cover, x, y) => {
      const rim = smoothStep(-7, -2, shape(x, y));
      const depth = cover * strength * (0.4 + 0.14 * rim + 0.12 * (creep(x / 12, y / 12) - 0.5));
      canvas.red[pixel]! *= 1 - depth * 0.86;
      canvas.green[pixel]! *= 1 - depth * 0.95;
      canvas.blue[pixel]! *= 1 - depth * 1.12;
      canvas.gloss[pixel]! += 0.05 * cover;
    },
    6,
  );
  canvas.mark(bounds, shape);
}

/** A loose coloured yarn lies on the cloth and throws a narrow shadow. */
function drawThread({ canvas, random, noise }: Drawing): void {
  const [startX, startY] = place(random, 60);
  const points: Point[] = [];
  let heading = random.between(0, 6.28);
  let curl = random.between(-0.11, 0.11);
  for (let i = 0, x = startX, y = startY; i < 26; i++) {
    points.push([x, y]);
    x = Math.min(246, Math.max(10, x + Math.cos(heading) * 5));
    y = Math.min(246, Math.max(10, y + Math.sin(heading) * 5));
    heading += curl;
    curl = Math.min(0.26, Math.max(-0.26, curl + random.between(-0.1, 0.1)));
  }
  const colour = random.pick([
    [0.62, 0.13, 0.12],
    [0.12, 0.11, 0.12],
    [0.16, 0.3, 0.2],
  ] as const);
  const shape = stroke(points, 1.7);
  const bounds = boundsOf(points, 7);
  canvas.cover(
    bounds,
    (x, y) => shape(x - 1.4, y - 1.8) - 0.4,
    (pixel, cover) => canvas.darken(pixel, 1 - 0.4 * cover),
    1.6,
  );
  canvas.cover(bounds, shape, (pixel, cover, x, y) => {
    const twist = 0.75 + 0.5 * noise((x + y) * 0.55, (x - y) * 0.2);
    const inside = Math.min(1, Math.max(0, -shape(x, y) / 1.7));
    canvas.blend(pixel, cover, colour[0] * twist, colour[1] * twist, colour[2] * twist);
    canvas.height[pixel]! += (2.4 * Math.sqrt(inside) - canvas.height[pixel]! + 1) * cover;
  });
  canvas.mark(bounds, (x, y) => shape(x, y) - 0.4);
}
