import { z } from 'zod';
import { SUBTASKS } from './question.js';
import { StandIn, TeacherUsage } from './record.js';
import { RunState, StageOutcome } from './run.js';

/** A percentage with its 95 % interval and the answers it rests on; null where nothing was asked. The scorer's own figures. */
export const Figure = z
  .strictObject({ percent: z.number(), low: z.number(), high: z.number(), right: z.int().nonnegative(), n: z.int().nonnegative() })
  .nullable();
export type Figure = z.infer<typeof Figure>;

const figures = { average: Figure, columns: z.record(z.enum(SUBTASKS), Figure) };

/** One row of the results table: a policy, on all images or on those that training did not see. */
export const ResultRow = z.strictObject({
  stage: z.string(),
  policy: z.string(),
  images: z.enum(['all', 'untrained']),
  scoreProfile: z.enum(['strict', 'mmad_compat']),
  imageCount: z.int().nonnegative(),
  questions: z.int().nonnegative(),
  unparseable: z.int().nonnegative(),
  /** Answers that `mmad_compat` left out. */
  dropped: z.int().nonnegative(),
  micro: Figure,
  ...figures,
  datasets: z.array(z.strictObject({ dataset: z.string(), questions: z.int().nonnegative(), ...figures })),
});
export type ResultRow = z.infer<typeof ResultRow>;

/** `summary.json` of a report: what its tables say, for programs. */
export const ReportSummary = z.strictObject({
  schemaVersion: z.literal(1),
  run: z.string(),
  recipe: z.string(),
  state: RunState,
  command: z.string(),
  model: z.string(),
  teacher: z.string(),
  standIns: z.array(StandIn),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  /** Sum over the stages that this run executed; reused stages cost it nothing. */
  stageSeconds: z.number().nonnegative(),
  stages: z.array(
    z.strictObject({
      stage: z.string(),
      kind: z.string(),
      outcome: StageOutcome,
      attempts: z.int().nonnegative(),
      seconds: z.number().nullable(),
    }),
  ),
  results: z.array(ResultRow),
  /** Published rows, in percent, as printed. */
  published: z.array(z.strictObject({ name: z.string(), average: z.number(), columns: z.record(z.enum(SUBTASKS), z.number()) })),
  /** Benchmark images that training saw; null when that is not known. */
  trainedImages: z.int().nonnegative().nullable(),
  teacherUsage: z.array(z.strictObject({ stage: z.string(), reused: z.boolean(), ...TeacherUsage.shape })),
  missing: z.array(z.string()),
});
export type ReportSummary = z.infer<typeof ReportSummary>;
