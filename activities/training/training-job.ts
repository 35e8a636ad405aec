import { join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import { Job } from '../../contracts/job.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { StageContext } from '../stage/context.js';

/** The GPUs that a job of this plan gets of the host's; none on a host without GPUs, where the job runs on the CPU as one process. */
export function gpusFor(context: Pick<StageContext, 'plan' | 'stage'>, hostGpus: readonly string[]): readonly string[] {
  const wanted = context.plan.runtime.gpus;
  if (hostGpus.length === 0 || hostGpus.length >= wanted) return hostGpus.slice(0, wanted);
  throw new StageError({
    type: 'InvalidSpec',
    message: `stage ${context.stage.id} wants ${wanted} GPUs, this host offers ${hostGpus.length} (${hostGpus.join(', ')})`,
    remedy: `Set runtime.gpus to ${hostGpus.length} at most, or start a host with more GPUs. The stage's key stays the same.`,
  });
}

/** The job of a training stage: its slice of parameters as it is, and where everything lies on this host. */
export function trainingJob(
  context: StageContext,
  options: { folder: string; resumeFrom: string | null; gpus: readonly string[] },
): Exclude<Job, { task: 'infer' }> {
  const { stage, plan, inputDirs, outputDirs } = context;
  const task = STAGE_KINDS[stage.kind]?.trainer;
  if (task === undefined) {
    throw new StageError({ type: 'InvalidSpec', message: `no trainer does a stage of kind ${stage.kind} (contracts/stages)` });
  }
  const job = Job.safeParse({
    schemaVersion: 1,
    task,
    policy: inputDirs['policy'],
    images: inputDirs['data'],
    rows: inputDirs['rows'],
    output: outputDirs['policy'],
    checkpoints: join(options.folder, 'checkpoints'),
    resumeFrom: options.resumeFrom,
    stopFile: join(options.folder, 'stop'),
    seed: stage.params['seed'],
    device: options.gpus.length > 0 ? 'cuda' : 'cpu',
    checkpointEverySteps: plan.runtime.checkpointEverySteps,
    worldSize: Math.max(1, options.gpus.length),
    deviceBatch: plan.runtime.deviceBatch[task],
    params: stage.params,
  });
  if (job.success && job.data.task !== 'infer') return job.data;
  const faults = job.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new StageError({ type: 'InvalidSpec', message: `stage ${stage.id} gives no valid ${task} job: ${faults}` });
}
