import type { Advance, RunStatus, StageHeading } from '../contracts/run.js';

/** The pipeline's own activities, run as local activities: they read the store and are safe to repeat. */
export interface PipelineActivities {
  /** The stages of a plan, in its order. */
  openPlan(plan: string): Promise<StageHeading[]>;
  /** What is done and what can start, from the records alone. Stages in `exclude` (running, failed, blocked) are left out. */
  advance(request: { plan: string; exclude: readonly string[] }): Promise<Advance>;
  /** Files the run's own record, so that it can be shown after Temporal has forgotten it. */
  fileRun(status: RunStatus): Promise<void>;
}
