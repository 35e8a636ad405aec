/** Makes the activities that a workflow has in a queue as urgent as `priorityKey`. A workflow that has none is no error. */
export type RaisePriority = (workflowId: string, priorityKey: number) => Promise<void>;

/** An activity that runs. `priorityKey`: what it was started with (Temporal's: lower is more urgent). */
export interface RunningActivity {
  readonly workflowId: string;
  readonly activityId: string;
  readonly priorityKey: number;
}

/** Tells a running stage that more urgent work waits for its place. */
export interface Preemption {
  /** Watches until `end` is called for work that is more urgent than this, and than what it has become meanwhile. */
  watch(running: RunningActivity): { readonly signal: AbortSignal; end(): void };
}
