import type { Plan } from '../../contracts/plan.js';
import type { ScoredAnswer, Subtask } from '../../contracts/question.js';
import type { StageRecord } from '../../contracts/record.js';
import type { Cell } from '../../contracts/rows.js';
import type { RunState, StageStatus } from '../../contracts/run.js';

/** All that a report is made from. `renderReport` reads nothing else: no file, no clock. */
export interface ReportInput {
  readonly plan: Plan;
  readonly run: string;
  readonly state: RunState;
  /** What a reader types to get this run again. */
  readonly command: string;
  readonly stages: readonly ReportStage[];
  readonly evaluations: readonly Evaluation[];
  readonly trainings: readonly Training[];
  /** Keys of the benchmark images that training saw; null when the rows could not be read. */
  readonly trainedImages: ReadonlySet<string> | null;
  readonly gallery: readonly GalleryItem[];
  /** What a reader may look for and will not find, each with its reason. */
  readonly missing: readonly string[];
}

/** A stage of the plan, with what is known of it: its record when it is done, its status when a run was asked. */
export interface ReportStage {
  readonly id: string;
  readonly record: StageRecord | null;
  readonly status: StageStatus | null;
}

/** The answers of one `mmad-eval` stage. */
export interface Evaluation {
  readonly stage: string;
  /** Which policy answered: `base model`, or `after grpo`. */
  readonly policy: string;
  readonly scoreProfile: 'strict' | 'mmad_compat';
  readonly answers: readonly ScoredAnswer[];
}

/** The metrics of one training stage, a point an optimizer step. */
export interface Training {
  readonly stage: string;
  readonly kind: string;
  readonly points: readonly MetricPoint[];
}

export interface MetricPoint {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One picture of the gallery with an answer to a question on it. */
export interface GalleryItem {
  readonly imageKey: string;
  readonly subtask: Subtask;
  readonly question: string;
  readonly answer: string;
  readonly chosen: string | null;
  readonly correct: boolean;
  /** True cells; empty for a normal image. */
  readonly cells: readonly Cell[];
  /** Predicted cells; null when the answer holds no readable `<seg>`. */
  readonly predicted: readonly Cell[] | null;
  readonly reasoning: string;
  /** The teacher's reasoning for the same question, where the image was trained on. */
  readonly golden: { readonly text: string; readonly letter: string } | null;
  readonly trainedOn: boolean;
  /** WebP. */
  readonly picture: { readonly data: Buffer; readonly width: number; readonly height: number };
}
