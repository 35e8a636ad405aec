import type { StageRecord } from '../../contracts/record.js';
import type { RunPlan } from './plan-store.js';

const HOUR_MS = 3_600_000;

/** GPU hours and dollars of the stages that this run executed, each once. A stage on the `gpu` queue has all GPUs of its plan. */
export function usedBy(run: string, records: Iterable<StageRecord>, plans: readonly RunPlan[]): { gpuHours: number; usd: number } {
  const kinds = new Set(plans.flatMap(({ plan }) => plan.stages.filter((stage) => stage.queue === 'gpu').map((stage) => stage.kind)));
  const gpus = Math.max(...plans.map(({ plan }) => plan.runtime.gpus));
  const own = new Map([...records].filter((record) => record.run === run).map((record) => [record.key, record]));
  let gpuHours = 0;
  let usd = 0;
  for (const record of own.values()) {
    if (kinds.has(record.kind)) gpuHours += (gpus * (Date.parse(record.finishedAt) - Date.parse(record.startedAt))) / HOUR_MS;
    usd += record.teacher?.usd ?? 0;
  }
  return { gpuHours, usd };
}
