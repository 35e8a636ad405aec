import type { Advance, ParamPatch, RunLive } from '../contracts/run.js';

/** A change of a plan: parameters of some stages, and stages that must run again. `stages`: labels as in `ReadyStage.stage`. */
export interface PlanEdit {
  readonly stages: readonly string[];
  readonly patch: readonly ParamPatch[];
  readonly force: readonly string[];
  /** Makes the forced stages' keys new. */
  readonly nonce: string;
}

/** The pipeline's own activities, run as local activities: they read and write the store and are safe to repeat. */
export interface PipelineActivities {
  /**
   * What is done and what can start, from the records alone. Keys in `held` (running, failed, blocked) are neither looked up nor
   * named ready. At most `limit` stages are ready. `review`: name the held ones that the plan no longer needs, too.
   */
  advance(request: { run: string; plan: string; held: readonly string[]; limit: number; review: boolean }): Promise<Advance>;
  /** Files the changed plan and returns its digest. Fails where the change does not fit the plan. */
  editPlan(request: { plan: string; edit: PlanEdit }): Promise<string>;
  /** Files the run's own record, so that it can be shown and restarted after Temporal has forgotten it. */
  fileRun(live: RunLive): Promise<void>;
}

/** What is told to people who do not look: to a webhook, when one is configured. */
export interface RunNotice {
  readonly run: string;
  readonly event: 'blocked' | 'paused' | 'failed' | 'completed' | 'nightly-regressed' | 'nightly-missed';
  readonly text: string;
  readonly stages: readonly string[];
}

/** Activities of the `cpu` queue that are no stage. */
export interface NoticeActivities {
  notify(notice: RunNotice): Promise<void>;
}
