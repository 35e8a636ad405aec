import type { NamedVariant, SweepFile } from '../../contracts/sweep.js';
import { canonicalJson } from './canonical-json.js';
import { didYouMeanOf } from './nearest.js';
import type { RecipeProblem } from './recipe-error.js';

/** Points that a sweep has at most, before `exclude`: what one table can show and one workflow can follow. */
export const MOST_POINTS = 2_000;

/** One value of a point, with the place in the sweep file where it stands. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly path: readonly (string | number)[];
}

/** One variant at one point of the grid. */
export interface SweepPoint {
  /** `grpo`, with a grid `grpo,beta=0.02,seed=1`. */
  readonly name: string;
  /** Shared ones first, then the variant's, then the grid's: a later one wins. */
  readonly settings: readonly Setting[];
  /** Which variant, then which value of each axis. */
  readonly coordinates: readonly number[];
}

/** The product of variants and grid without what is excluded. Pure; a product that is too large is refused before it is built. */
export function sweepPoints(sweep: SweepFile): { points: SweepPoint[]; problems: RecipeProblem[] } {
  const axes = Object.entries(sweep.grid);
  const lengths = [Math.max(1, sweep.variants.length), ...axes.map(([, values]) => values.length)];
  const size = lengths.reduce((product, length) => product * length, 1);
  const problems = [...duplicateNames(sweep.variants), ...duplicateValues(axes)];
  if (sweep.variants.length === 0 && axes.length === 0)
    problems.push({ path: [], message: 'a sweep needs variants, a grid, or both, as in grid: {seed: [0, 1]}: there is nothing to run' });
  if (size > MOST_POINTS) {
    const product = lengths.join(' x ');
    problems.push({
      path: axes.length > 0 ? ['grid'] : ['variants'],
      message: `${size.toLocaleString('en-US')} points (${product}); a sweep has at most ${MOST_POINTS.toLocaleString('en-US')}: take values out, or make several sweeps`,
    });
    return { points: [], problems };
  }
  const all = Array.from({ length: size }, (_, n) => pointAt(sweep, axes, coordinatesOf(n, lengths)));
  const left = exclude(sweep, all, problems);
  if (left.length === 0 && problems.length === 0)
    problems.push({ path: ['exclude'], message: 'every point is excluded: nothing is left to run; exclude less' });
  return { points: left, problems };
}

type Axis = readonly [key: string, values: readonly unknown[]];

/** The last axis is the fastest. */
function coordinatesOf(n: number, lengths: readonly number[]): number[] {
  return lengths.reduceRight<{ rest: number; at: number[] }>(
    ({ rest, at }, length) => ({ rest: Math.floor(rest / length), at: [rest % length, ...at] }),
    { rest: n, at: [] },
  ).at;
}

function pointAt(sweep: SweepFile, axes: readonly Axis[], coordinates: readonly number[]): SweepPoint {
  const [variantIndex = 0, ...onAxes] = coordinates;
  const variant = sweep.variants[variantIndex];
  const own = (set: NamedVariant['set'], path: readonly (string | number)[]) =>
    Object.entries(set).map(([key, value]): Setting => ({ key, value, path: [...path, key] }));
  const words = axes.map(([key, values], axis) => `${shortName(key, axes)}=${valueName(values, onAxes[axis]!)}`);
  return {
    name: [...(variant === undefined ? [] : [variant.name]), ...words].join(','),
    settings: [
      ...own(sweep.set, ['set']),
      ...own(variant?.set ?? {}, ['variants', variantIndex, 'set']),
      ...axes.map(([key, values], axis): Setting => ({ key, value: values[onAxes[axis]!], path: ['grid', key, onAxes[axis]!] })),
    ],
    coordinates,
  };
}

/** `beta` of `grpo.beta`, unless two axes end so. */
function shortName(key: string, axes: readonly Axis[]): string {
  const last = (dotted: string) => dotted.slice(dotted.lastIndexOf('.') + 1);
  return axes.filter(([other]) => last(other) === last(key)).length === 1 ? last(key) : key;
}

const LONGEST_VALUE = 32;

/** A value as part of a name: as it is where it is short and plain, else by its place on the axis. */
function valueName(values: readonly unknown[], index: number): string {
  const plain = (value: unknown) => (typeof value === 'string' ? value.replaceAll(/[^A-Za-z0-9._+-]+/g, '-') : String(value));
  const isPlain = values.every((value) => value === null || typeof value !== 'object');
  const names = values.map(plain);
  const name = names[index]!;
  return isPlain && name.length <= LONGEST_VALUE && new Set(names).size === names.length ? name : `v${index + 1}`;
}

function duplicateNames(variants: readonly NamedVariant[]): RecipeProblem[] {
  const first = new Map<string, number>();
  return variants.flatMap(({ name }, index) => {
    const before = first.get(name);
    if (before === undefined) first.set(name, index);
    return before === undefined
      ? []
      : [{ path: ['variants', index, 'name'], message: `"${name}" is the name of variant ${before + 1} already; give this one another` }];
  });
}

function duplicateValues(axes: readonly Axis[]): RecipeProblem[] {
  return axes.flatMap(([key, values]) => {
    const seen = new Set<string>();
    return values.flatMap((value, index) => {
      const text = canonicalJson(value);
      const isAgain = seen.has(text);
      seen.add(text);
      return isAgain ? [{ path: ['grid', key, index], message: `${text} is on this axis already; take it out` }] : [];
    });
  });
}

/** The points that no entry of `exclude` matches. An entry that matches none is a problem: it was meant for something. */
function exclude(sweep: SweepFile, points: readonly SweepPoint[], problems: RecipeProblem[]): SweepPoint[] {
  if (sweep.exclude.length === 0) return [...points];
  const names = sweep.variants.map(({ name }) => name);
  const keys = [...new Set(points.flatMap(({ settings }) => settings.map(({ key }) => key)))];
  const values = points.map(({ settings }) => new Map(settings.map(({ key, value }) => [key, canonicalJson(value)])));
  const isOut = points.map(() => false);
  for (const [index, { variant, ...wanted }] of sweep.exclude.entries()) {
    const path = ['exclude', index];
    const entries = Object.entries(wanted).map(([key, value]) => [key, canonicalJson(value)] as const);
    const unknown = entries.filter(([key]) => !keys.includes(key));
    if (variant === undefined && entries.length === 0) problems.push({ path, message: 'names neither a variant nor a value' });
    else if (variant !== undefined && !names.includes(variant))
      problems.push({ path: [...path, 'variant'], message: `there is no variant "${variant}"${didYouMeanOf(variant, names)}` });
    for (const [key] of unknown)
      problems.push({ path: [...path, key], message: `"${key}" is neither an axis nor set by a variant${didYouMeanOf(key, keys)}` });
    const matches = points.flatMap((point, at) => {
      const isVariant = variant === undefined || names[point.coordinates[0]!] === variant;
      return isVariant && entries.every(([key, value]) => values[at]!.get(key) === value) ? [at] : [];
    });
    for (const at of matches) isOut[at] = true;
    const isTold = unknown.length > 0 || (variant !== undefined && !names.includes(variant));
    if (matches.length === 0 && !isTold)
      problems.push({ path, message: `matches nothing: no point is ${describe(variant, entries)}${whatThereIs(entries, values)}` });
  }
  return points.filter((_, at) => !isOut[at]);
}

const describe = (variant: string | undefined, entries: readonly (readonly [string, string])[]): string =>
  [...(variant === undefined ? [] : [`variant ${variant}`]), ...entries.map(([key, value]) => `${key}=${value}`)].join(' with ');

/** Values that a hint names at most. */
const MOST_NAMED = 8;

/** The values that an exclude could have meant, where it names one that no point has. */
function whatThereIs(entries: readonly (readonly [string, string])[], points: readonly ReadonlyMap<string, string>[]): string {
  const hints = entries.flatMap(([key, wanted]) => {
    const known = [...new Set(points.flatMap((point) => point.get(key) ?? []))];
    if (known.includes(wanted)) return [];
    return [`${key} is ${known.slice(0, MOST_NAMED).join(' or ')}${known.length > MOST_NAMED ? ' or ...' : ''}`];
  });
  return `; ${hints.length === 0 ? 'take it out' : hints.join(', ')}`;
}
