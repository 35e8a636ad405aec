import { z } from 'zod';
import { TreePath } from './artifact.js';

/** One grid cell, 1-based (row, column); (1,1) is top left. The grid is 16x16 (SPEC 3). */
export const Cell = z.tuple([z.int().min(1).max(16), z.int().min(1).max(16)]);
export type Cell = z.infer<typeof Cell>;

/** A row of `rows.jsonl` for SFT. Image paths are relative to the dataset's root, query image first. */
export const SftRow = z.strictObject({
  id: z.string(),
  /** MMAD key of the query image, or null where no benchmark image is used. */
  imageKey: z.string().nullable(),
  images: z.array(TreePath).min(1),
  prompt: z.string().min(1),
  completion: z.string().min(1),
});
export type SftRow = z.infer<typeof SftRow>;

/** A row of `rows.jsonl` for GRPO: the prompt, and all that the rewards need. */
export const GrpoRow = z.strictObject({
  id: z.string(),
  imageKey: z.string(),
  images: z.array(TreePath).min(1),
  prompt: z.string().min(1),
  type: z.string(),
  options: z.record(z.string(), z.string()),
  /** The right option's letter. */
  solution: z.string(),
  /** Golden reasoning of the domain reward. */
  golden: z.string(),
  /** True cells; empty for a normal image. */
  cells: z.array(Cell),
});
export type GrpoRow = z.infer<typeof GrpoRow>;

/** A row of `requests.jsonl`, the input of an inference job. */
export const InferenceRequest = z.strictObject({ id: z.string(), images: z.array(TreePath), prompt: z.string().min(1) });
export type InferenceRequest = z.infer<typeof InferenceRequest>;

/** A line of an answers file. */
export const InferenceAnswer = z.strictObject({ id: z.string(), text: z.string(), tokens: z.int().nonnegative() });
export type InferenceAnswer = z.infer<typeof InferenceAnswer>;
