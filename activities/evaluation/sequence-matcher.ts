/** From this length on, characters that make up more than 1 % of the second text do not start a match. */
const POPULAR_FROM_LENGTH = 200;

/**
 * Ratcliff-Obershelp similarity of two texts, 0..1, as Python's `difflib.SequenceMatcher(None, a, b).ratio()` gives it,
 * popular characters included: MMAD's published fallback is defined by that function. Not symmetric.
 */
export function sequenceRatio(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  if (left.length + right.length === 0) return 1;
  return (2 * matchedCharacters(left, right, positionsOf(right))) / (left.length + right.length);
}

function positionsOf(text: readonly string[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  text.forEach((character, i) => {
    const found = positions.get(character);
    if (found) found.push(i);
    else positions.set(character, [i]);
  });
  if (text.length >= POPULAR_FROM_LENGTH) {
    const popular = Math.floor(text.length / 100) + 1;
    for (const [character, found] of positions) if (found.length > popular) positions.delete(character);
  }
  return positions;
}

type Block = readonly [aLow: number, aHigh: number, bLow: number, bHigh: number];

function matchedCharacters(a: readonly string[], b: readonly string[], positions: ReadonlyMap<string, number[]>): number {
  const pending: Block[] = [[0, a.length, 0, b.length]];
  let matched = 0;
  for (let block = pending.pop(); block; block = pending.pop()) {
    const [aLow, aHigh, bLow, bHigh] = block;
    const { i, j, size } = longestMatch(a, b, positions, block);
    if (size === 0) continue;
    matched += size;
    pending.push([aLow, i, bLow, j], [i + size, aHigh, j + size, bHigh]);
  }
  return matched;
}

/** The longest common run inside a block; of equals the one that starts first in `a`, then in `b`. */
function longestMatch(a: readonly string[], b: readonly string[], positions: ReadonlyMap<string, number[]>, block: Block) {
  const [aLow, aHigh, bLow, bHigh] = block;
  let best = { i: aLow, j: bLow, size: 0 };
  let runs = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (const j of positions.get(a[i]!) ?? []) {
      if (j < bLow) continue;
      if (j >= bHigh) break;
      const size = (runs.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { i: i - size + 1, j: j - size + 1, size };
    }
    runs = next;
  }
  // Popular characters cannot start a match, but they extend one.
  let { i, j, size } = best;
  while (i > aLow && j > bLow && a[i - 1] === b[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < aHigh && j + size < bHigh && a[i + size] === b[j + size]) size++;
  return { i, j, size };
}
