import type { Noise } from './noise.js';

/** Signed distance to a shape's border: negative inside. */
export type Shape = (x: number, y: number) => number;
export type Point = readonly [x: number, y: number];

export function circle(cx: number, cy: number, radius: number): Shape {
  return (x, y) => length(x - cx, y - cy) - radius;
}

/** A rectangle by centre and half sizes, its corners rounded by `radius`. */
export function box(cx: number, cy: number, halfWidth: number, halfHeight: number, radius = 0): Shape {
  return (x, y) => {
    const dx = Math.abs(x - cx) - halfWidth + radius;
    const dy = Math.abs(y - cy) - halfHeight + radius;
    const outside = length(Math.max(dx, 0), Math.max(dy, 0));
    return outside + Math.min(Math.max(dx, dy), 0) - radius;
  };
}

/** A line through points, `halfWidth` to each side, with round ends. */
export function stroke(points: readonly Point[], halfWidth: number | ((along: number) => number)): Shape {
  const segments = points.slice(1).map((end, i) => ({ start: points[i]!, end, at: i / (points.length - 1) }));
  const step = 1 / segments.length;
  return (x, y) => {
    let nearest = Infinity;
    for (const { start, end, at } of segments) {
      const dx = end[0] - start[0];
      const dy = end[1] - start[1];
      const t = Math.min(1, Math.max(0, ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy || 1)));
      const width = typeof halfWidth === 'number' ? halfWidth : halfWidth(at + t * step);
      nearest = Math.min(nearest, length(x - start[0] - t * dx, y - start[1] - t * dy) - width);
    }
    return nearest;
  };
}

/** A regular hexagon with a flat side on top, by centre and apothem. */
export function hexagon(cx: number, cy: number, apothem: number): Shape {
  return (x, y) => {
    const px = Math.abs(x - cx);
    const py = Math.abs(y - cy);
    return Math.max(py, px * 0.8660254 + py * 0.5) - apothem;
  };
}

/** A round patch whose border wanders by `roughness` times its radius, as the noise says. */
export function blob(cx: number, cy: number, radius: number, noise: Noise, roughness = 0.35): Shape {
  const scale = 2.2 / radius;
  return (x, y) => length(x - cx, y - cy) - radius * (1 + roughness * 2 * (noise((x - cx) * scale, (y - cy) * scale) - 0.5));
}

/** Both shapes at once. */
export function intersection(a: Shape, b: Shape): Shape {
  return (x, y) => Math.max(a(x, y), b(x, y));
}

/** The rectangle around points, `margin` wider on each side. */
export function boundsOf(points: readonly Point[], margin: number): readonly [number, number, number, number] {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs) - margin, Math.min(...ys) - margin, Math.max(...xs) + margin, Math.max(...ys) + margin];
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** `Math.hypot` guards against overflow, which pictures do not need, at ten times the cost. */
export function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
