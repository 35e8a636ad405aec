/** `TaskQueueType` of Temporal's API. */
export const WORKFLOW_TASKS = 1;
export const ACTIVITY_TASKS = 2;

/** gRPC's NOT_FOUND. */
const NOT_FOUND = 5;

/** Whether the server said that there is no such thing. */
export const isNotFound = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === NOT_FOUND;
