/** Makes the activities that a workflow has in a queue as urgent as `priorityKey`. A workflow that has none is no error. */
export type RaisePriority = (workflowId: string, priorityKey: number) => Promise<void>;

/** Tells a running stage that more urgent work waits for its place. */
export interface Preemption {
  /** Watches for work more urgent than this priority (Temporal's: lower is more urgent) until `end` is called. */
  watch(priorityKey: number): { readonly signal: AbortSignal; end(): void };
}
