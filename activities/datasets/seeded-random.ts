import { createHash } from 'node:crypto';

/** A reproducible source of choices. The same seed and parts give the same sequence on every machine and version. */
export interface SeededRandom {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** A number in [low, high). */
  between(low: number, high: number): number;
  /** A number of the standard normal distribution. */
  normal(): number;
  /** One of the items; throws on an empty list, where there is nothing to choose. */
  pick<T>(items: readonly T[]): T;
  /** A new array with the items in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** A new array of up to `count` distinct items, in random order. */
  sample<T>(items: readonly T[], count: number): T[];
}

/**
 * A generator keyed by text: `seededRandom(seed, 'options', imageKey)` does not depend on what was drawn before it,
 * so adding or removing an item never changes the choices made for the others.
 */
export function seededRandom(seed: number | string, ...parts: readonly (string | number)[]): SeededRandom {
  const next = sfc32(stateOf([seed, ...parts]));
  const below = (bound: number): number => Math.floor(next() * bound);
  const shuffle = <T>(items: readonly T[]): T[] => {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  };
  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError(`seededRandom(${parts.join(', ')}): pick from an empty list`);
      return items[below(items.length)] as T;
    },
    shuffle,
    sample: (items, count) => shuffle(items).slice(0, count),
  };
}

/** Four words of state from the hash of the parts; JSON keeps ('a','bc') and ('ab','c') apart. */
function stateOf(parts: readonly (string | number)[]): [number, number, number, number] {
  const digest = createHash('sha256')
    .update(JSON.stringify(parts.map(String)))
    .digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/** sfc32: small fast counting generator (Chris Doty-Humphrey), 32-bit integer arithmetic only. */
function sfc32([first, second, third, fourth]: [number, number, number, number]): () => number {
  let a = first | 0;
  let b = second | 0;
  let c = third | 0;
  let counter = fourth | 0;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
}
