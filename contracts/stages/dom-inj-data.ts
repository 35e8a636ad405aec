import { z } from 'zod';
import type { StageKind } from './stage-kind.js';
import { runParams, teacherParams } from './teacher-params.js';

export const DomInjDataParams = z.strictObject({
  ...runParams,
  ...teacherParams,
  pairsPerSnippet: z.int().positive().default(30),
  /** The paper's algorithm says 3, its text and its published rows 2 (SPEC 8). */
  paraphrasesPerPair: z.int().nonnegative().default(2),
});
export type DomInjDataParams = z.infer<typeof DomInjDataParams>;

/** JUDO 3.2: question-answer pairs grounded in each domain snippet, paraphrased, each with a random normal image of the class. */
export const domInjData: StageKind = {
  kind: 'dom-inj-data',
  title: 'Synthesize domain question-answer pairs from the snippets',
  implementationVersion: 1,
  params: DomInjDataParams,
  queue: 'teacher',
  activity: 'synthesizeDomainSet',
  inputs: { data: { from: 'data' } },
  outputs: ['rows'],
};
