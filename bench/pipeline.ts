import { noOpPlan, stageIds } from './no-op-plan.js';
import { byTurns, limitRow, ratioRow, smallest, type BenchResult } from './result.js';
import type { BenchWorkers } from './workers.js';

const IDS = stageIds(6);
const ROUNDS = 8;

/** One run of our pipeline beside the same shape written bare on the Temporal SDK. */
export async function benchPipeline({ run, runBare }: BenchWorkers): Promise<BenchResult[]> {
  await run(noOpPlan('warm', IDS));
  await runBare('barePipeline', IDS.length);
  await runBare('bareActivities', IDS.length);
  const children = await byTurns(
    ROUNDS,
    (round) => run(noOpPlan(`children-${round}`, IDS)),
    () => runBare('barePipeline', IDS.length),
  );
  const activities = await byTurns(
    ROUNDS,
    (round) => run(noOpPlan(`activities-${round}`, IDS)),
    () => runBare('bareActivities', IDS.length),
  );
  const cached = await smallest(ROUNDS, () => run(noOpPlan('warm', IDS)));
  return [
    ratioRow('six no-op stages / six bare child workflows', children, 1.2),
    { ...ratioRow('six no-op stages / six bare activities', activities, Infinity), aim: 'told, no aim', met: true },
    limitRow('six stages, all cached', cached, 200),
  ];
}
