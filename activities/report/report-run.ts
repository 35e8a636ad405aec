import { objectKeys } from '../../contracts/artifact.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { RunStatus } from '../../contracts/run.js';
import type { ReportActivities } from '../../workflows/activity-types.js';
import { isSweep, type PlanStore } from '../stage/plan-store.js';
import { runStatus } from '../stage/run-status.js';
import { toStageFailure } from '../stage/to-stage-failure.js';
import { partialReport } from './partial-report.js';

export interface ReportRunDeps {
  readonly artifacts: ArtifactStore;
  readonly objects: ObjectStore;
  readonly plans: PlanStore;
  readonly codec: ImageCodec;
}

/**
 * The `reportRun` activity: a run's report in the bucket, for whoever cannot ask this machine: the report stage's own, or one of what
 * there is so far, its gallery only where the dataset is here. Of a sweep none: its table is its report.
 */
export function createReportRun(deps: ReportRunDeps): ReportActivities {
  const { artifacts, objects, plans, codec } = deps;
  return {
    async reportRun({ run }) {
      try {
        const filed = await objects.get(objectKeys.run(run));
        if (filed === null) return;
        const record = RunStatus.parse(JSON.parse(filed.toString('utf8')));
        const plan = await plans.read(record.plan);
        if (isSweep(plan)) return;
        const status = await withWhatIsDone(record, deps);
        const html = (await reportOfStage(status, artifacts)) ?? (await partialReport({ plan, status }, { artifacts, codec })).html;
        await objects.put(objectKeys.runReport(run), html, { contentType: 'text/html; charset=utf-8' });
      } catch (error) {
        throw toStageFailure(error, { stage: `report of ${run}` });
      }
    },
  };
}

/** The run's record is filed when something is decided; stages that ended since then are added. */
async function withWhatIsDone(filed: RunStatus, deps: Pick<ReportRunDeps, 'plans' | 'artifacts'>): Promise<RunStatus> {
  const now = await runStatus({ ...filed, live: [] }, deps);
  const before = new Map(filed.stages.map((stage) => [stage.stage, stage]));
  const isDone = ({ outcome }: RunStatus['stages'][number]) => outcome === 'ran' || outcome === 'reused';
  return { ...filed, stages: now.stages.map((stage) => (isDone(stage) ? stage : (before.get(stage.stage) ?? stage))) };
}

async function reportOfStage(status: RunStatus, artifacts: ArtifactStore): Promise<string | null> {
  const digest = status.stages.find(({ kind }) => kind === 'report')?.artifacts['report'];
  return digest === undefined ? null : (await artifacts.readFile(digest, 'report.html')).toString('utf8');
}
