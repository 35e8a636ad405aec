/** A row of the table. `ratio` is ours / baseline; `aim` is the largest value that meets the aim, of the ratio or of ours. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly aim: string;
  readonly met: boolean;
}

/** The smallest of several measurements, ours and the baseline's by turns: other work on the machine only ever adds time. */
export async function byTurns(
  rounds: number,
  ours: (round: number) => Promise<unknown>,
  baseline: (round: number) => Promise<unknown>,
): Promise<{ ours: number; baseline: number }> {
  const times = { ours: Infinity, baseline: Infinity };
  for (let round = 0; round < rounds; round++) {
    times.baseline = Math.min(times.baseline, await milliseconds(() => baseline(round)));
    times.ours = Math.min(times.ours, await milliseconds(() => ours(round)));
  }
  return times;
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** A row whose aim is a largest ratio to the baseline. */
export function ratioRow(name: string, times: { ours: number; baseline: number }, most: number): BenchResult {
  const ratio = times.ours / times.baseline;
  return { name, unit: 'ms', ...times, ratio, aim: `<= ${most} x baseline`, met: ratio <= most };
}
