import type { PlanStage, Plan } from '../../contracts/plan.js';
import type { StageRecord } from '../../contracts/record.js';
import type { StageProgress, StageTask } from '../../contracts/run.js';

/** What a stage's body is given. Folders are local and complete; whatever it leaves in `outputDirs` becomes the stage's artifacts. */
export interface StageContext {
  readonly task: StageTask;
  readonly stage: PlanStage;
  readonly plan: Plan;
  /** Port -> read-only folder. */
  readonly inputDirs: Readonly<Record<string, string>>;
  /** Port -> digest of that folder. */
  readonly inputDigests: Readonly<Record<string, string>>;
  /** Output -> empty folder. */
  readonly outputDirs: Readonly<Record<string, string>>;
  /** Records of the stages that made the inputs, in plan order. */
  readonly inputRecords: readonly StageRecord[];
  readonly attempt: number;
  /** When the first attempt was scheduled: what was paid since then, this stage paid. */
  readonly firstAttemptAt: Date;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
}

/** What a body returns beside its files. */
export type StageFindings = Pick<StageRecord, 'summary' | 'standIns' | 'environment'> & Partial<Pick<StageRecord, 'teacher'>>;

/** Does a stage's work. Safe to run twice with the same context; throws `StageError` where it knows what went wrong. */
export type StageBody = (context: StageContext) => Promise<StageFindings>;
