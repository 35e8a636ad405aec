import type { StageRecord } from '../../contracts/record.js';

/** What a stage will probably take, from earlier records of its kind. */
export interface Estimate {
  readonly seconds: number;
  readonly gpuHours: number;
  /** null: what earlier ones cost is not known. */
  readonly usd: number | null;
  /** Records it is made from. */
  readonly from: number;
}

/** Records that an estimate looks at: the newest, since code and machines change. */
const NEWEST = 5;
const HOUR = 3600;

/** What stages of a kind will take that hold so many GPUs; null where no record of the kind is among these. */
export function estimator(records: readonly StageRecord[]): (kind: string, gpus: number) => Estimate | null {
  const known = new Map<string, Estimate | null>();
  // A sweep asks for the same few kinds thousands of times.
  return (kind, gpus) => {
    const id = `${kind} ${gpus}`;
    const estimate = known.has(id) ? known.get(id)! : estimateOf(newestOf(kind, records), gpus);
    known.set(id, estimate);
    return estimate;
  };
}

function newestOf(kind: string, records: readonly StageRecord[]): StageRecord[] {
  return records
    .filter((record) => record.kind === kind)
    .sort((a, b) => Date.parse(b.finishedAt) - Date.parse(a.finishedAt))
    .slice(0, NEWEST);
}

/** The median of these. */
function estimateOf(earlier: readonly StageRecord[], gpus: number): Estimate | null {
  if (earlier.length === 0) return null;
  const seconds = median(earlier.map((record) => (Date.parse(record.finishedAt) - Date.parse(record.startedAt)) / 1000));
  const costs = earlier.flatMap(({ teacher }) => (teacher === undefined || teacher.usd === null ? [] : [teacher.usd]));
  const hasTeacher = earlier.some(({ teacher }) => teacher !== undefined);
  return {
    seconds,
    gpuHours: (gpus * seconds) / HOUR,
    usd: costs.length > 0 ? median(costs) : hasTeacher ? null : 0,
    from: earlier.length,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
