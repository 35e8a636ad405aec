import type { Connection } from '@temporalio/client';
import { isNotFound } from './grpc.js';

/** `temporal.api.enums.v1.WorkerDeploymentVersionStatus`. */
const CURRENT = 2;
const RAMPING = 3;
const DRAINING = 4;
const DRAINED = 5;

export interface WorkflowBuilds {
  /** What new runs begin with; null before the first worker. */
  readonly current: string | null;
  /** Builds that runs begin with or may still need, the current one included. */
  readonly needed: readonly string[];
  /** Builds that no run needs any more. */
  readonly drained: readonly string[];
}

/** The builds of a worker deployment, as Temporal knows them. */
export async function workflowBuilds(
  { workflowService }: Pick<Connection, 'workflowService'>,
  { namespace, deploymentName }: { readonly namespace: string; readonly deploymentName: string },
): Promise<WorkflowBuilds> {
  const described = await workflowService.describeWorkerDeployment({ namespace, deploymentName }).catch((error: unknown) => {
    // No worker has polled yet.
    if (isNotFound(error)) return null;
    throw error;
  });
  const all = (described?.workerDeploymentInfo?.versionSummaries ?? []).flatMap(({ status, deploymentVersion }) =>
    deploymentVersion?.buildId ? [{ build: deploymentVersion.buildId, status: Number(status) }] : [],
  );
  const those = (...statuses: readonly number[]) => all.filter(({ status }) => statuses.includes(status)).map(({ build }) => build);
  return { current: those(CURRENT)[0] ?? null, needed: those(CURRENT, RAMPING, DRAINING), drained: those(DRAINED) };
}
