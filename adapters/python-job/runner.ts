import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Failure } from '../../contracts/failure.js';
import type { JobEvent } from '../../contracts/job.js';
import type { JobRunner, RunJobOptions } from '../../contracts/ports/job-runner.js';
import { readEvents } from './events.js';
import { failureOf, jobError, rootCause, type JobExit } from './exit.js';
import { newMark, spawnJob, type PythonCommand, type SpawnedJob } from './spawn.js';
import { killJob, startGuard, stopJob } from './stop.js';

/**
 * Runs GPU jobs as `python -m judo_gpu run JOB`, under torchrun when there are several GPUs. Whatever happens to the job or to
 * this process, no process of the job outlives `run`: a guard kills them even after a SIGKILL of the host.
 */
export function createPythonJobRunner(command: Omit<PythonCommand, 'module'> & { module?: string }): JobRunner {
  const python: PythonCommand = { module: 'judo_gpu', ...command };
  return {
    async run(options) {
      if (options.signal?.aborted) return { outcome: 'stopped' };
      const log = await open(options.logFile, 'a');
      const mark = newMark();
      const guard = startGuard(mark);
      try {
        const job = spawnJob(python, { jobFile: options.jobFile, gpus: options.gpus, logFd: log.fd, mark });
        return await supervise(job, options, (line) => log.appendFile(`${line}\n`));
      } finally {
        await guard.close();
        await log.close();
      }
    },
  };
}

async function supervise(
  job: SpawnedJob,
  options: RunJobOptions,
  log: (line: string) => Promise<void>,
): Promise<{ outcome: 'finished' | 'stopped' }> {
  const last: { event: JobEvent | null; failed: Failure | null; finished: boolean } = { event: null, failed: null, finished: false };
  const ended = exitOf(job);
  const stall = startStallTimer(options.stallAfterMs, () => killJob(job));
  let stopping: Promise<void> | undefined;
  const onAbort = () => {
    // From here on the graces bound the job's life.
    stall.end();
    stopping = stopJob(job, { stopFile: options.stopFile, stopGraceMs: options.stopGraceMs, exited: ended });
    // A stop file that cannot be written leaves only this; the reason is thrown where \`stopping\` is awaited.
    stopping.catch(() => killJob(job));
  };
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const reading = readEvents(job.child.stdout, {
      log,
      event: async (event) => {
        stall.pause();
        last.event = event;
        if (event.event === 'failed') last.failed = event.failure;
        if (event.event === 'finished') last.finished = true;
        await options.onEvent(event);
        stall.resume();
      },
    });
    // A reader that threw (the caller's onEvent did) ends the job too.
    const [exit] = await Promise.all([
      ended.then(killingTheRest(job)),
      reading.catch((error: unknown) => killJob(job).then(() => Promise.reject(error))),
    ]);
    await stopping;
    if (options.signal?.aborted) return { outcome: 'stopped' };
    if (stall.stalled()) throw await jobError(stalledFailure(options.stallAfterMs, last.event), options.logFile);
    if (exit.kind === 'code' && exit.code === 0 && last.finished) return { outcome: 'finished' };
    const cause = options.gpus.length > 1 ? await rootCause(exit, options.logFile) : exit;
    throw await jobError(failureOf(cause, last), options.logFile);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    stall.end();
    await killJob(job);
  }
}

/** What the direct child left behind would hold stdout open, and GPU memory. */
const killingTheRest = (job: SpawnedJob) => async (exit: JobExit) => {
  await killJob(job);
  return exit;
};

async function exitOf(job: SpawnedJob): Promise<JobExit> {
  try {
    const [code, signal] = (await once(job.child, 'exit')) as [number | null, string | null];
    return code === null ? { kind: 'signal', signal: signal ?? 'an unknown signal' } : { kind: 'code', code };
  } catch (error) {
    return { kind: 'unstartable', error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Calls `onStall` once when no event came for so long. Time in which we handle an event does not count. */
function startStallTimer(afterMs: number, onStall: () => Promise<void>) {
  let stalled = false;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const resume = () => {
    if (over) return;
    timer = setTimeout(() => {
      stalled = true;
      void onStall();
    }, afterMs);
  };
  const pause = () => clearTimeout(timer);
  resume();
  return {
    pause,
    resume,
    stalled: () => stalled,
    end: () => {
      over = true;
      pause();
    },
  };
}

function stalledFailure(afterMs: number, event: JobEvent | null): Failure {
  const after = event === null ? 'since it was started' : `after \`${event.event}\`${'step' in event ? ` at step ${event.step}` : ''}`;
  return {
    type: 'StalledTraining',
    message: `the training process said nothing for ${Math.round(afterMs / 100) / 10} s ${after}, and was killed`,
    remedy: 'It goes on from its last checkpoint. If a silent phase is really that long, raise stallAfterMs.',
  };
}
