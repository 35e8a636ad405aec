import { z } from 'zod';

/** The nine raw question types of MMAD. */
export const QuestionType = z.enum([
  'Anomaly Detection',
  'Defect Classification',
  'Defect Localization',
  'Defect Description',
  'Defect Analysis',
  'Object Classification',
  'Object Structure',
  'Object Details',
  'Object Analysis',
]);
export type QuestionType = z.infer<typeof QuestionType>;

/** The seven subtasks the scorer reports: Structure and Details count as Object Analysis. In the papers' column order. */
export const SUBTASKS = [
  'Anomaly Detection',
  'Defect Classification',
  'Defect Localization',
  'Defect Description',
  'Defect Analysis',
  'Object Classification',
  'Object Analysis',
] as const;
export type Subtask = (typeof SUBTASKS)[number];

/** One question of the benchmark, as stored in mmad.json. */
export const MmadQuestion = z.object({
  Question: z.string().min(1),
  Answer: z.string(),
  Options: z.record(z.string(), z.string()),
  type: z.string(),
  annotation: z.boolean().optional(),
});
export type MmadQuestion = z.infer<typeof MmadQuestion>;

/** One entry of mmad.json. */
export const MmadEntry = z.object({
  image_path: z.string().optional(),
  conversation: z.array(MmadQuestion),
  mask_path: z.string().nullish(),
  similar_templates: z.array(z.string()).default([]),
  random_templates: z.array(z.string()).default([]),
});
export type MmadEntry = z.infer<typeof MmadEntry>;

/** A model's answer to one benchmark question, parsed. A line of `answers.jsonl` of a `mmad-eval` stage. */
export const ScoredAnswer = z.strictObject({
  id: z.string(),
  imageKey: z.string(),
  dataset: z.string(),
  object: z.string(),
  defect: z.string(),
  type: QuestionType,
  /** The right letter among the options as shown (after shuffling). */
  answer: z.string(),
  /** The letter read from the text; null = unparseable. */
  chosen: z.string().nullable(),
  correct: z.boolean(),
  text: z.string(),
});
export type ScoredAnswer = z.infer<typeof ScoredAnswer>;
