import type { NightFigures } from '../../contracts/nightly.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import { ReportSummary } from '../../contracts/report-summary.js';
import type { RunStatus } from '../../contracts/run.js';
import type { PlanStore } from '../stage/plan-store.js';
import { walkRun } from '../stage/plan-walk.js';
import { usedBy } from '../stage/usage.js';

/** What a finished run is judged by: its report's metrics with their intervals, its duration, and what it used. */
export async function nightFigures(status: RunStatus, deps: { plans: PlanStore; artifacts: ArtifactStore }): Promise<NightFigures> {
  const plans = await deps.plans.loadAll(status.plan);
  const walk = await walkRun(plans, deps.artifacts);
  const metrics: NightFigures['metrics'] = {};
  for (const record of walk.done.values()) {
    if (record.kind !== 'report' || record.outputs['report'] === undefined) continue;
    const summary = await deps.artifacts.readFile(record.outputs['report'].digest, 'summary.json');
    Object.assign(metrics, metricsOf(ReportSummary.parse(JSON.parse(summary.toString('utf8')))));
  }
  const end = status.finishedAt === null ? Date.now() : Date.parse(status.finishedAt);
  return { metrics, seconds: (end - Date.parse(status.startedAt)) / 1000, ...usedBy(status.run, walk.done.values(), plans) };
}

function metricsOf({ results }: ReportSummary): NightFigures['metrics'] {
  return Object.fromEntries(
    results.flatMap((row) => {
      const label = row.images === 'all' ? row.stage : `${row.stage} on untrained images`;
      return [['Average', row.average] as const, ...Object.entries(row.columns)].map(([column, figure]) => [`${label}: ${column}`, figure]);
    }),
  );
}
