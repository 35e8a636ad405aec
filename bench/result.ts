/** A row of the table. `ratio` is ours / baseline; `met` says whether ours, or the ratio, is within the aim. */
export interface BenchResult {
  readonly name: string;
  readonly unit: 'ms' | 'stages/s';
  readonly ours: number;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly aim: string;
  readonly met: boolean;
}

/** The same thing done by us and by the baseline, in one unit. */
export interface Pair {
  readonly ours: number;
  readonly baseline: number;
}

/** The smallest of several measurements, ours and the baseline's by turns: other work on the machine only ever adds time. */
export async function byTurns(
  rounds: number,
  ours: (round: number) => Promise<unknown>,
  baseline: (round: number) => Promise<unknown>,
): Promise<Pair> {
  const times = { ours: Infinity, baseline: Infinity };
  for (let round = 0; round < rounds; round++) {
    times.baseline = Math.min(times.baseline, await milliseconds(() => baseline(round)));
    times.ours = Math.min(times.ours, await milliseconds(() => ours(round)));
  }
  return times;
}

/** The smallest of several measurements of something that has no baseline. */
export async function smallest(rounds: number, work: (round: number) => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) best = Math.min(best, await milliseconds(() => work(round)));
  return best;
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** A row whose aim is a largest ratio to the baseline. */
export function ratioRow(name: string, times: Pair, most: number): BenchResult {
  const ratio = times.ours / times.baseline;
  return { name, unit: 'ms', ...times, ratio, aim: `<= ${most} x baseline`, met: ratio <= most };
}

/** A row whose aim is a largest time, whatever the baseline takes. */
export function limitRow(name: string, ours: number, mostMs: number, baseline: number | null = null): BenchResult {
  const ratio = baseline === null ? null : ours / baseline;
  return { name, unit: 'ms', ours, baseline, ratio, aim: `< ${mostMs} ms`, met: ours < mostMs };
}

/** A row of a throughput, whose aim is a smallest ratio to the baseline. */
export function throughputRow(name: string, stages: number, times: Pair, least: number): BenchResult {
  const rate = (ms: number) => (stages / ms) * 1000;
  const [ours, baseline] = [rate(times.ours), rate(times.baseline)];
  const ratio = ours / baseline;
  return { name, unit: 'stages/s', ours, baseline, ratio, aim: `>= ${least} x baseline`, met: ratio >= least };
}
