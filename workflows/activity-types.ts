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
   * named ready. At most `limit` stages are ready. `review`: name the held ones that the plan no longer needs, too. Fails with
   * ArtifactMissing where the run's own record is gone: an empty store says that nothing is done.
   */
  advance(request: { run: string; plan: string; held: readonly string[]; limit: number; review: boolean }): Promise<Advance>;
  /** Makes what a stage's workflow has in the queue as urgent as this; what runs already, runs. */
  raisePriority(request: { workflowId: string; priorityKey: number }): Promise<void>;
  /** Files the changed plan and returns its digest. Fails where the change does not fit the plan. */
  editPlan(request: { plan: string; edit: PlanEdit }): Promise<string>;
  /**
   * Files the plan as the deployed code makes its stages, and returns its digest; what is done stays, and what runs under a key of `running`.
   * A retry goes on with this plan: a fix may have been deployed.
   */
  deployedPlan(request: { plan: string; running: readonly string[] }): Promise<string>;
  /**
   * Files the run's own record, so that it can be shown and restarted after Temporal has forgotten it. `isNew`: its first; a later
   * one fails with ArtifactMissing where there is none before it.
   */
  fileRun(live: RunLive, isNew: boolean): Promise<void>;
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

/** Activities of the `cpu` queue that show a run. */
export interface ReportActivities {
  /**
   * Writes the run's report to the bucket, from its record and the records of its stages; of a run that is not done what its
   * finished stages made, and what is missing.
   */
  reportRun(request: { run: string }): Promise<void>;
}

/** A night that is due. */
export interface DueNight {
  readonly nightly: string;
  /** ISO. */
  readonly dueAt: string;
}

/** What `planNight` made of a nightly's definition. */
export interface PlannedNight {
  readonly plan: string;
  readonly planName: string;
}

/** How a night's run ended. */
export interface NightEnd extends DueNight {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly reason: string | null;
}

/** What the `nightly` workflow asks of the `cpu` queue. */
export interface NightlyActivities {
  /** Files the night as running. `skip`: why it has nothing to do. `late`: that and why it begins later than it was due. */
  beginNight(
    night: DueNight & { startedAt: string },
  ): Promise<{ run: string; skip: string | null; late: string | null; lookEveryMs: number }>;
  /** Resolves the nightly's recipe and data and files the plan. The night is in its keys. */
  planNight(night: DueNight): Promise<PlannedNight>;
  /** Files what it came to, beside the last good night. `regressed`: in words, what is worse than it may be. */
  closeNight(end: NightEnd): Promise<{ regressed: string | null }>;
  /**
   * Files the nights that were due and did not fire, with the reason; in words, what is new. `before`: ISO. `sure`: only those
   * that were skipped for certain, because the server may still start the others.
   */
  lookForMissed(look: { nightly: string; before: string; sure: boolean }): Promise<string | null>;
}
