import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { gridParams, runParams, selectionParams, teacherParams } from './teacher-params.js';

export const GoldenReasoningParams = z.strictObject({
  ...runParams,
  ...teacherParams,
  ...selectionParams,
  ...gridParams,
  /** Published golden reasonings hold 35 to 101 words (SPEC 4). */
  minWords: z.int().positive().default(35),
  maxWords: z.int().positive().default(101),
});
export type GoldenReasoningParams = z.infer<typeof GoldenReasoningParams>;

/** JUDO 3.3: the reasoning an expert would give for every question of the selected images. Output `rows`: `rows.jsonl` (GrpoRow). */
export const goldenReasoning: StageKind = {
  kind: 'golden-reasoning',
  title: 'Write golden reasoning for every question of the training images',
  implementationVersion: 1,
  params: GoldenReasoningParams,
  queue: 'teacher',
  activity: 'generateGoldenReasoning',
  inputs: { data: { from: 'data' }, comparisons: { from: 'seg-jux-data.rows', optional: true } },
  outputs: ['rows'],
};
