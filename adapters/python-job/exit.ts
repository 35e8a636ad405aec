import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import { StageError, type Failure, type FailureType } from '../../contracts/failure.js';
import { JOB_EXIT, type JobEvent } from '../../contracts/job.js';

/** How a job's direct child ended: a code or a signal, or an error of the spawn itself. */
export type JobExit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'unstartable'; readonly error: Error };

const TAIL_BYTES = 2048;

const TYPE_OF_CODE: Readonly<Record<number, FailureType>> = {
  [JOB_EXIT.invalidSpec]: 'InvalidSpec',
  [JOB_EXIT.datasetCorrupt]: 'DatasetCorrupt',
  [JOB_EXIT.outOfGpuMemory]: 'OutOfGpuMemory',
  [JOB_EXIT.trainingDiverged]: 'TrainingDiverged',
  [JOB_EXIT.checkpointIncompatible]: 'CheckpointIncompatible',
};

/**
 * The failure of a job that did not finish. What the job itself said (its `failed` event) comes before its exit code, because
 * torchrun turns every code into 1. An end that nobody explains is Transient: it is tried again from the last checkpoint.
 */
export function failureOf(exit: JobExit, last: { failed: Failure | null; event: JobEvent | null }): Failure {
  if (last.failed !== null) return last.failed;
  const after = last.event === null ? 'before its first event' : `after its event ${describe(last.event)}`;
  if (exit.kind === 'unstartable') {
    return {
      type: 'Transient',
      message: `the training process could not be started: ${exit.error.message}`,
      remedy: 'Is the Python environment complete? `judo doctor` checks it, `judo up` installs it.',
    };
  }
  if (exit.kind === 'signal') {
    return {
      type: 'Transient',
      message: `the training process was killed by ${exit.signal} ${after}`,
      ...(exit.signal === 'SIGKILL'
        ? { remedy: "Likely the kernel's out-of-memory killer: look at `dmesg`, give the host more memory or lower runtime.deviceBatch." }
        : {}),
    };
  }
  if (exit.code === JOB_EXIT.finished)
    return { type: 'Transient', message: `the training process ended with exit code 0 ${after}, but never said \`finished\`` };
  if (exit.code === JOB_EXIT.stopped)
    return { type: 'Transient', message: `the training process stopped ${after}, though nobody asked it to` };
  return {
    type: TYPE_OF_CODE[exit.code] ?? 'Transient',
    message: `the training process ended with exit code ${exit.code} ${after}, and gave no reason`,
    remedy: 'The end of its log is below; the whole log is filed with the run.',
  };
}

/** A failure as an error, with the last 2 KiB of the log. */
export async function jobError(failure: Failure, logFile: string): Promise<StageError> {
  const logTail = failure.logTail ?? (await logTailOf(logFile));
  return new StageError({ ...failure, ...(logTail === '' ? {} : { logTail }) });
}

/** How the first process that failed ended. torchrun itself ends with 1; what it saw is in the summary that closes its log. */
export async function rootCause(exit: JobExit, logFile: string): Promise<JobExit> {
  if (exit.kind !== 'code' || exit.code !== 1) return exit;
  const summary = (await logTailOf(logFile)).split('Root Cause').at(-1) ?? '';
  const code = Number(/exitcode\s*:\s*(-?\d+)/.exec(summary)?.[1] ?? exit.code);
  return code < 0 ? { kind: 'signal', signal: signalName(-code) } : { kind: 'code', code };
}

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;

function describe(event: JobEvent): string {
  if (event.event === 'phase') return `\`${event.phase}\``;
  return 'step' in event ? `\`${event.event}\` at step ${event.step}` : `\`${event.event}\``;
}

/** The last lines of a log, 2 KiB at most, cut at a line; empty when the log was removed. */
async function logTailOf(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer } = await handle.read({ buffer: Buffer.alloc(length), position: size - length });
    // Half a character at the cut becomes U+FFFD, which is longer than the byte it stands for: cut once more, by characters.
    const text = buffer.toString('utf8').replace(/^\uFFFD+/, '');
    const newline = text.indexOf('\n');
    return (size > TAIL_BYTES && newline !== -1 && newline < text.length - 1 ? text.slice(newline + 1) : text).slice(-TAIL_BYTES);
  } finally {
    await handle.close();
  }
}
