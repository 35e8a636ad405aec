import { z } from 'zod';
import type { StageKind } from './stage-kind.js';

export const ReportParams = z.strictObject({
  /** Pictures in the gallery. */
  galleryImages: z.int().nonnegative().default(12),
});
export type ReportParams = z.infer<typeof ReportParams>;

/** The HTML report, `summary.json`, `table.csv` and `table.md`. */
export const report: StageKind = {
  kind: 'report',
  title: 'Report: table, curves, gallery',
  implementationVersion: 1,
  params: ReportParams,
  queue: 'cpu',
  activity: 'writeReport',
  inputs: 'everything',
  outputs: ['report'],
};
