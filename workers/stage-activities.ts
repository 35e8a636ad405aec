import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { createEvaluateMmad } from '../activities/evaluation/evaluate-mmad.js';
import { createRunInference } from '../activities/inference/run-inference.js';
import { createNightlyActivities } from '../activities/nightly/nightly-activities.js';
import { createNotify } from '../activities/notices/notify.js';
import { createReportRun } from '../activities/report/report-run.js';
import { createWriteReport } from '../activities/report/write-report.js';
import type { StageBody } from '../activities/stage/context.js';
import { createStageActivity } from '../activities/stage/stage-activity.js';
import { synthesizeDomainSet } from '../activities/synthesis/domain-set.js';
import { generateGoldenReasoning } from '../activities/synthesis/golden-reasoning.js';
import { synthesizeSegmentationSet } from '../activities/synthesis/segmentation-set.js';
import { teacherStage } from '../activities/synthesis/teacher-stage.js';
import { createTrainStage } from '../activities/training/train-stage.js';
import { createSharpCodec } from '../adapters/image-codec/sharp.js';
import { createPythonJobRunner } from '../adapters/python-job/runner.js';
import { createTaskQueueHosts } from '../adapters/task-queue/hosts.js';
import { createWebhook, webhookSettings } from '../adapters/webhook/webhook.js';
import type { Preemption } from '../contracts/ports/preemption.js';
import { DomInjDataParams } from '../contracts/stages/dom-inj-data.js';
import { GoldenReasoningParams } from '../contracts/stages/golden-reasoning.js';
import { SegJuxDataParams } from '../contracts/stages/seg-jux-data.js';
import { checkoutRoot } from '../infra/checkout.js';
import type { Settings } from '../infra/settings.js';
import { queues, stallAfterMs, stopGraceMs } from '../temporal.config.js';
import type { NightlyActivities, NoticeActivities, ReportActivities } from '../workflows/activity-types.js';
import { runWorkflowId } from '../workflows/messages.js';
import type { Stores } from './stores.js';
import type { Teachers } from './teachers.js';

export interface WorkerDeps extends Stores {
  readonly settings: Settings;
  /** Where stages give their place to more urgent work. */
  readonly preemption?: Preemption;
}

type StageActivities = Record<string, ReturnType<typeof createStageActivity>>;

const asActivities = (deps: WorkerDeps, taskQueue: string, bodies: Readonly<Record<string, StageBody>>): StageActivities => {
  const { settings, ...rest } = deps;
  const { namespace, connectionOptions } = settings.temporal;
  const hosts = createTaskQueueHosts({ connect: () => Connection.connect(connectionOptions), namespace, taskQueue });
  const edge = { ...rest, workDir: join(settings.home, 'scratch'), hosts };
  return Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, createStageActivity(edge, body)]));
};

/** Activities of the `cpu` queue. */
export function cpuActivities(deps: WorkerDeps): StageActivities {
  return asActivities(deps, queues.cpu, { writeReport: createWriteReport({ codec: createSharpCodec() }) });
}

/** What the `cpu` queue does beside stages: nights, and notices to the webhook that this process's environment names. */
export function nightlyActivities(deps: WorkerDeps): NightlyActivities & NoticeActivities {
  const webhook = webhookSettings(process.env);
  const { ui, namespace } = deps.settings.temporal;
  const notices = createNotify({
    notifier: webhook === null ? null : createWebhook(webhook),
    linksOf: (run): Readonly<Record<string, string>> =>
      ui === null ? {} : { temporal: `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(runWorkflowId(run))}` },
  });
  return { ...createNightlyActivities(deps), ...notices };
}

/** What the `cpu` queue does to show a run. */
export function reportActivities(deps: WorkerDeps): ReportActivities {
  return createReportRun({ ...deps, codec: createSharpCodec() });
}

/** Activities of the `teacher` queue. */
export function teacherActivities(deps: WorkerDeps, { ledgerFor }: Pick<Teachers, 'ledgerFor'>): StageActivities {
  const teacher = { codec: createSharpCodec(), ledgerFor };
  return asActivities(deps, queues.teacher, {
    synthesizeSegmentationSet: teacherStage(teacher, SegJuxDataParams, synthesizeSegmentationSet),
    synthesizeDomainSet: teacherStage(teacher, DomInjDataParams, synthesizeDomainSet),
    generateGoldenReasoning: teacherStage(teacher, GoldenReasoningParams, generateGoldenReasoning),
  });
}

/** Activities of the `gpu` queue, on a host with these GPUs (none: CPU). */
export function gpuActivities(deps: WorkerDeps, gpus: readonly string[]): StageActivities {
  const { artifacts, objects, settings } = deps;
  const python = process.env['JUDO_PYTHON'] ?? join(settings.home, 'venv', 'bin', 'python');
  const jobs = createPythonJobRunner({ python, cwd: settings.home, env: { PYTHONPATH: join(checkoutRoot(), 'gpu-worker', 'src') } });
  const host = { artifacts, objects, jobs, workDir: join(settings.home, 'work'), gpus, stallAfterMs, stopGraceMs };
  return asActivities(deps, queues.gpu, {
    trainStage: createTrainStage(host),
    evaluateMmad: createEvaluateMmad({ runInference: createRunInference(host) }),
  });
}
