import type { RunStatus } from '../../contracts/run.js';

/** Which runs count. None of both: all. A run that has not ended, or has a name, always counts. */
export interface RetentionPolicy {
  /** Runs that ended less than so long ago. */
  readonly keepRunsMs: number | null;
  /** So many runs, the newest. */
  readonly keepLast: number | null;
}

/** The runs that count, each with the reason in words. */
export function keptRuns(
  runs: readonly RunStatus[],
  /** What runs are called: `tagged good`, `the good night of plant`. */
  names: ReadonlyMap<string, string>,
  policy: RetentionPolicy,
  { at, graceMs }: { at: Date; graceMs: number },
): Map<string, string> {
  const newest = [...runs].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)).slice(0, policy.keepLast ?? 0);
  const last = new Set(newest.map((run) => run.run));
  const keepsAll = policy.keepRunsMs === null && policy.keepLast === null;
  const kept = new Map<string, string>();
  for (const run of runs) {
    const name = names.get(run.run);
    const reason =
      name !== undefined
        ? name
        : !hasEnded(run, at, 0)
          ? run.state
          : keepsAll
            ? 'every run is kept'
            : last.has(run.run)
              ? `one of the last ${policy.keepLast}`
              : !hasEnded(run, at, Math.max(policy.keepRunsMs ?? 0, graceMs))
                ? `ended ${run.finishedAt}`
                : null;
    if (reason !== null) kept.set(run.run, reason);
  }
  return kept;
}

/** Whether the run ended, more than so long ago. */
export const hasEnded = (run: RunStatus, at: Date, agoMs: number): boolean =>
  run.finishedAt !== null && Date.parse(run.finishedAt) + agoMs <= at.getTime();
