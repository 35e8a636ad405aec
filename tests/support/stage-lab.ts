import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { Priority } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { createPipelineActivities } from '../../activities/stage/pipeline-activities.js';
import { createPlanStore, type PlanStore } from '../../activities/stage/plan-store.js';
import { runStatus } from '../../activities/stage/run-status.js';
import type { StageBody } from '../../activities/stage/context.js';
import { createStageActivity } from '../../activities/stage/stage-activity.js';
import { createRaisePriority } from '../../adapters/task-queue/raise-priority.js';
import { createTaskQueuePreemption } from '../../adapters/task-queue/preemption.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { Plan, PlanStage, SweepPlan } from '../../contracts/plan.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { Preemption } from '../../contracts/ports/preemption.js';
import type { Hosts } from '../../contracts/ports/hosts.js';
import type { StageKind } from '../../contracts/stages/stage-kind.js';
import { RunStatus, type PipelineInput } from '../../contracts/run.js';
import type { NoticeActivities, PipelineActivities, ReportActivities, RunNotice } from '../../workflows/activity-types.js';
import { queues } from '../../temporal.config.js';
import { runQuery, runWorkflowId } from '../../workflows/messages.js';
import './quiet-runtime.js';
import type { NAMESPACES } from './temporal-server.js';
import type { pipeline } from '../../workflows/pipeline.js';

const NOTHING = { digest: '0'.repeat(64), files: 0, bytes: 0 };

export interface LabOptions {
  /** A memory store by default. */
  readonly objects?: ObjectStore;
  /** What each stage says that its teacher cost. */
  readonly usd?: number;
  /** Stages that run at once; a preemptible one gives its place to more urgent work. */
  readonly slots?: number;
  /** When it does: by default when Temporal says that more urgent work waits. */
  readonly preemption?: Preemption;
  readonly hosts?: Hosts;
  /** The kinds of stage of the code that is deployed; changed by the test, a new version is. */
  readonly kinds?: Record<string, StageKind>;
  /** The test serves the workflow queue itself. */
  readonly withoutWorkflows?: true;
}

const NO_CALLS = { model: 'lab', paidCalls: 0, filedCalls: 0, inputTokens: 0, outputTokens: 0, usd: 0, refused: 0, truncated: 0 };

/** A plan of small stages: `[id, what it needs, params]`. Every stage makes one output, `out`. A patch sees them as `seg-jux`. */
export function planOf(name: string, stages: readonly (readonly [string, readonly string[], Record<string, unknown>?])[]): Plan {
  return {
    schemaVersion: 1,
    name,
    command: `judo run ${name}.yaml`,
    sources: { data: { artifact: NOTHING, root: '/', demoPlant: false }, model: { artifact: NOTHING, name: 'tiny', tiny: true } },
    teacher: { model: 'rehearsal' },
    runtime: { gpus: 1, deviceBatch: { sft: 1, grpo: 1, infer: 1 }, checkpointEverySteps: 1, teacherConcurrency: 1, preemptible: false },
    stages: stages.map(([id, needs, params = {}]): PlanStage => ({
      id,
      kind: 'seg-jux',
      title: id,
      implementationVersion: 1,
      queue: 'cpu',
      activity: 'labStage',
      params: { name: id, ...params },
      inputs: Object.fromEntries(needs.map((need) => [need, { from: 'stage', stage: need, output: 'out' }])),
      outputs: ['out'],
    })),
  };
}

type HistoryOf = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

export interface Lab {
  readonly client: Client;
  readonly objects: ObjectStore;
  /** How often each stage's body ran to its end or its failure. */
  readonly executed: Map<string, number>;
  readonly plans: PlanStore;
  readonly pipelineActivities: PipelineActivities;
  /** What was told to people who do not look. */
  readonly notices: RunNotice[];
  /** What reports were written of. */
  readonly reports: RunStatus[];
  start(run: string, plan: Plan | SweepPlan, input?: Partial<PipelineInput>, priority?: Priority): Promise<WorkflowHandle>;
  /** The run, stage by stage, as a person sees it. */
  status(handle: WorkflowHandle): Promise<RunStatus>;
  /** Events of each execution of a workflow, the last one first, those that it continued from included. */
  historyLengths(workflowId: string): Promise<number[]>;
  close(): Promise<void>;
}

/** A real worker on the run's real Temporal server, a store, and a stage body of the test's own. */
export async function openLab(
  namespace: (typeof NAMESPACES)[number],
  body: (id: string, context: Parameters<StageBody>[0]) => Promise<void>,
  options: LabOptions = {},
): Promise<Lab> {
  const directory = mkdtempSync(join(tmpdir(), 'judo-lab-'));
  const objects = options.objects ?? createMemoryObjectStore();
  const artifacts = createArtifactStore({ objects, cacheDir: join(directory, 'cache') });
  const plans = createPlanStore(objects);
  const executed = new Map<string, number>();
  const address = inject('temporalAddress');
  const byQueue = { connect: () => Connection.connect({ address }), namespace, taskQueue: queues.cpu, everyMs: 50 };
  const preemption = options.preemption ?? createTaskQueuePreemption(byQueue);
  const kinds = options.kinds === undefined ? {} : { kinds: options.kinds };
  const edge = {
    artifacts,
    plans,
    workDir: join(directory, 'work'),
    preemption,
    ...kinds,
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
  };
  const labStage = createStageActivity(edge, async (context) => {
    const id = context.stage.id;
    executed.set(id, (executed.get(id) ?? 0) + 1);
    await body(id, context);
    await writeFile(join(context.outputDirs['out']!, 'made-by'), `${id} ${JSON.stringify(context.stage.params)}`);
    return {
      summary: {},
      standIns: [],
      environment: {},
      ...(options.usd === undefined ? {} : { teacher: { ...NO_CALLS, usd: options.usd } }),
    };
  });
  const notices: RunNotice[] = [];
  const reports: RunStatus[] = [];
  const reporting: ReportActivities = {
    async reportRun({ run }) {
      reports.push(RunStatus.parse(JSON.parse((await objects.get(objectKeys.run(run)))!.toString('utf8'))));
    },
  };
  const noticing: NoticeActivities = { notify: async (notice) => void notices.push(notice) };
  const connection = await NativeConnection.connect({ address });
  const common = {
    connection,
    namespace,
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  } as const;
  const pipelineActivities = createPipelineActivities({
    artifacts,
    objects,
    plans,
    raise: createRaisePriority({ connection, namespace }),
    ...kinds,
  });
  const workflowWorker = {
    ...common,
    taskQueue: queues.pipeline,
    workflowBundle: { codePath: inject('workflowBundle') },
    activities: { ...pipelineActivities },
  };
  const workers = await Promise.all([
    ...(options.withoutWorkflows ? [] : [Worker.create(workflowWorker)]),
    Worker.create({
      ...common,
      taskQueue: queues.cpu,
      activities: { labStage, ...noticing, ...reporting },
      ...(options.slots === undefined ? {} : { maxConcurrentActivityTaskExecutions: options.slots }),
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  return {
    client,
    objects,
    executed,
    plans,
    pipelineActivities,
    notices,
    reports,
    async start(run, plan, input = {}, priority) {
      return client.workflow.start<typeof pipeline>('pipeline', {
        workflowId: runWorkflowId(run),
        taskQueue: queues.pipeline,
        args: [{ run, plan: await plans.file(plan), planName: plan.name, ...input }],
        ...(priority === undefined ? {} : { priority }),
      });
    },
    async status(handle) {
      return runStatus(await handle.query(runQuery), { plans, artifacts });
    },
    async historyLengths(workflowId) {
      const lengths: number[] = [];
      const { runId: last } = await client.workflow.getHandle(workflowId).describe();
      let runId: string | undefined = last;
      while (runId !== undefined && runId !== '') {
        const { events }: Pick<HistoryOf, 'events'> = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        lengths.push(events?.length ?? 0);
        runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
      }
      return lengths;
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await client.connection.close();
      await connection.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
