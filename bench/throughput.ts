import { noOpPlan, stageIds } from './no-op-plan.js';
import { byTurns, throughputRow, type BenchResult } from './result.js';
import type { BenchWorkers } from './workers.js';

const RUNS = 100;
const IDS = stageIds(3);
const ROUNDS = 2;

/** 100 runs at once that share no key, beside 100 bare parents with as many bare children each. */
export async function benchThroughput({ run, runBare }: BenchWorkers): Promise<BenchResult> {
  const atOnce = (one: (n: number) => Promise<void>) => Promise.all(Array.from({ length: RUNS }, (_, n) => one(n)));
  const times = await byTurns(
    ROUNDS,
    (round) => atOnce((n) => run(noOpPlan(`throughput-${round}-${n}`, IDS))),
    () => atOnce(() => runBare('barePipeline', IDS.length)),
  );
  const name = `${RUNS} runs at once of ${IDS.length} no-op stages / of bare child workflows`;
  return throughputRow(name, RUNS * IDS.length, times, 0.8);
}
