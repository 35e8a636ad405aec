import type { Subtask } from '../../contracts/question.js';
import { countText } from './figures-as-text.js';

/** A row of a published table: percentages, one a subtask, and the average as printed. */
export interface PublishedRow {
  readonly name: string;
  readonly group: 'reference' | 'commercial' | 'open' | 'reasoning';
  readonly accuracies: Readonly<Record<Subtask, number>>;
  readonly average: number;
}

/** Questions of the whole of MMAD, which the published rows rest on (SPEC 2). */
export const PUBLISHED_QUESTIONS = 39_672;

/** Where the rows come from: shown below the table. */
export const PUBLISHED_SOURCE = `JUDO, Table 1: MMAD, 1-shot, accuracy in percent; the average is the plain mean of the seven columns. All of MMAD: ${countText(PUBLISHED_QUESTIONS)} questions on 8,366 images.`;

/** The paper's own base model: the row that a run's base model is compared with. */
export const PUBLISHED_BASE = 'Qwen2.5-VL-7B';

/** JUDO's Table 1, and the figures of the paper's later version. */
export const PUBLISHED_ROWS: readonly PublishedRow[] = [
  row('Random choice', 'reference', [50, 25, 25, 25, 25, 25, 25], 28.57),
  row('Human expert', 'reference', [95.24, 75.0, 92.31, 83.33, 94.2, 86.11, 80.37], 86.65),
  row('Ordinary person', 'reference', [86.9, 66.25, 85.58, 71.25, 81.52, 89.58, 69.72], 78.69),
  row('Claude-3.5-sonnet', 'commercial', [60.14, 60.14, 48.81, 67.13, 79.11, 85.19, 79.83], 68.36),
  row('Gemini-1.5-pro', 'commercial', [68.63, 60.12, 58.56, 70.38, 82.46, 89.2, 82.25], 73.09),
  row('GPT-4o', 'commercial', [68.63, 65.8, 55.62, 73.21, 83.41, 94.98, 82.8], 74.92),
  row('Qwen2.5-VL-7B', 'open', [71.39, 54.35, 61.17, 65.81, 79.32, 91.44, 84.43], 72.56),
  row('LLaVA-OneVision-7B', 'open', [51.77, 46.13, 41.85, 62.19, 69.73, 90.31, 80.93], 63.27),
  row('InternVL3.5-8B', 'open', [67.5, 49.37, 57.9, 58.07, 77.66, 72.01, 81.11], 66.3),
  row('Kimi-VL-A3B', 'reasoning', [72.93, 53.49, 59.66, 72.39, 81.74, 91.91, 85.89], 74.0),
  row('MiMo-VL-8B', 'reasoning', [54.45, 59.56, 60.77, 71.5, 78.48, 90.56, 81.6], 70.99),
  row('AnomalyR1-7B', 'reasoning', [60.93, 64.81, 70.72, 79.06, 85.52, 93.12, 86.91], 77.29),
  row('JUDO', 'reasoning', [64.51, 72.17, 75.95, 84.38, 87.76, 94.24, 86.07], 80.73),
  row('JUDO, later version', 'reasoning', [65.04, 74.74, 73.01, 84.56, 89.41, 94.04, 87.58], 81.2),
];

type SevenFigures = readonly [number, number, number, number, number, number, number];

function row(
  name: string,
  group: PublishedRow['group'],
  [ad, cls, loc, desc, ana, objCls, objAna]: SevenFigures,
  average: number,
): PublishedRow {
  return {
    name,
    group,
    average,
    accuracies: {
      'Anomaly Detection': ad,
      'Defect Classification': cls,
      'Defect Localization': loc,
      'Defect Description': desc,
      'Defect Analysis': ana,
      'Object Classification': objCls,
      'Object Analysis': objAna,
    },
  };
}
