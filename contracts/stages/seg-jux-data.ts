import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { gridParams, runParams, selectionParams, teacherParams } from './teacher-params.js';

export const SegJuxDataParams = z.strictObject({ ...runParams, ...teacherParams, ...selectionParams, ...gridParams });
export type SegJuxDataParams = z.infer<typeof SegJuxDataParams>;

/** JUDO 3.1: query with its cells, a random normal image, and the teacher's comparison of the two. Output `rows`: `rows.jsonl` (SftRow), `comparisons.jsonl`. */
export const segJuxData: StageKind = {
  kind: 'seg-jux-data',
  title: 'Synthesize the segmentation set: outline, compare, write cells',
  implementationVersion: 1,
  params: SegJuxDataParams,
  queue: 'teacher',
  activity: 'synthesizeSegmentationSet',
  inputs: { data: { from: 'data' } },
  outputs: ['rows'],
};
