import { SUBTASKS } from '../../contracts/question.js';
import type { StandIn } from '../../contracts/record.js';
import type { ReportSummary } from '../../contracts/report-summary.js';
import type { StageOutcome } from '../../contracts/run.js';
import { PUBLISHED_ROWS } from './published-results.js';
import type { ReportInput, ReportStage } from './report-input.js';
import { resultRows } from './result-rows.js';

/** Everything the report's tables say, as data. The page, the CSV and the Markdown are written from this. */
export function summarizeReport(input: ReportInput): ReportSummary {
  const { plan } = input;
  const records = input.stages.flatMap((stage) => (stage.record === null ? [] : [stage.record]));
  const ran = records.filter((record) => record.run === input.run);
  return {
    schemaVersion: 1,
    run: input.run,
    recipe: plan.name,
    state: input.state,
    command: input.command,
    model: plan.sources.model.name,
    teacher: plan.teacher.model,
    standIns: standIns(input),
    startedAt: ran.map((record) => record.startedAt).sort()[0] ?? null,
    finishedAt:
      ran
        .map((record) => record.finishedAt)
        .sort()
        .at(-1) ?? null,
    stageSeconds: ran.reduce((sum, record) => sum + seconds(record), 0),
    stages: input.stages
      .filter((stage) => stage.id !== writingStage(input))
      .map((stage) => ({
        stage: stage.id,
        kind: plan.stages.find((one) => one.id === stage.id)?.kind ?? stage.id,
        outcome: outcomeOf(stage, input.run),
        attempts: stage.record?.attempts ?? stage.status?.attempts ?? 0,
        seconds: stage.record === null ? null : seconds(stage.record),
      })),
    results: resultRows(input.evaluations, input.trainedImages),
    published: PUBLISHED_ROWS.map(({ name, average, accuracies }) => ({
      name,
      average,
      columns: Object.fromEntries(SUBTASKS.map((s) => [s, accuracies[s]])) as typeof accuracies,
    })),
    trainedImages: input.trainedImages?.size ?? null,
    teacherUsage: records.flatMap((record) =>
      record.teacher === undefined ? [] : [{ stage: record.stage, reused: record.run !== input.run, ...record.teacher }],
    ),
    missing: [...input.missing],
  };
}

/** What a stage came to: its record decides, then its status; a stage of another run is a reused one. */
export function outcomeOf({ record, status }: ReportStage, run: string): StageOutcome {
  if (record !== null) return record.run === run ? 'ran' : 'reused';
  return status?.outcome ?? 'waiting';
}

/** The report stage while it writes: it has neither record nor status yet, and tells of the others only. */
export const writingStage = ({ plan, stages }: ReportInput): string | undefined =>
  stages.find(
    ({ id, record, status }) =>
      record === null && status === null && plan.stages.some((stage) => stage.id === id && stage.kind === 'report'),
  )?.id;

const seconds = (record: { startedAt: string; finishedAt: string }): number =>
  (Date.parse(record.finishedAt) - Date.parse(record.startedAt)) / 1000;

/** From the plan as well as the records: a report of a run that has only begun says it too. */
function standIns({ plan, stages }: ReportInput): StandIn[] {
  const found = new Set<StandIn>(stages.flatMap((stage) => stage.record?.standIns ?? []));
  if (plan.sources.model.tiny) found.add('tiny-model');
  if (plan.sources.data.demoPlant) found.add('demo-plant');
  const rehearses = plan.stages.some((stage) => stage.queue === 'teacher' && stage.params['teacherModel'] === 'rehearsal');
  if (rehearses) found.add('rehearsal-teacher');
  return [...found].sort();
}
