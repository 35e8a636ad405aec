import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';

export interface PythonCommand {
  /** Interpreter of the environment that holds the trainers. */
  readonly python: string;
  /** The package that is run as `python -m MODULE run JOB`. */
  readonly module: string;
  readonly cwd?: string | undefined;
  /** Added to the whitelisted environment, as it is. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A job's direct child, and the mark by which every process of the job is known. */
export interface SpawnedJob {
  readonly child: ChildProcess & { readonly stdout: Readable };
  /** `JUDO_JOB_MARK=...`, an environment entry that all descendants inherit, also those in a session of their own. */
  readonly mark: string;
}

/** What a trainer needs of the host's environment. Everything else stays here: no cloud, store or teacher credentials. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|LANG|TZ|TMPDIR|LD_LIBRARY_PATH|XDG_CACHE_HOME|SSL_CERT_FILE|OMP_NUM_THREADS|LC_.*|HF_.*|CUDA_.*|NVIDIA_.*|NCCL_.*|GLOO_.*|TORCH_.*|PYTORCH_.*|JUDO_SIMULATE_.*)$/;

/** The environment of a job: the whitelist, the GPUs it may see, and the mark. */
export function jobEnvironment(
  host: Readonly<Record<string, string | undefined>>,
  gpus: readonly string[],
  added: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const passed = Object.entries(host).filter((entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]));
  return {
    ...Object.fromEntries(passed),
    PYTHONUNBUFFERED: '1',
    ...added,
    // Empty hides every GPU: a CPU job must not take memory of a GPU that another job owns.
    CUDA_VISIBLE_DEVICES: gpus.join(','),
  };
}

/** Arguments of the interpreter: one process alone, or torchrun with one process a GPU. */
export function jobArguments(module: string, jobFile: string, gpus: readonly string[]): string[] {
  const torchrun = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', String(gpus.length)];
  return [...(gpus.length > 1 ? torchrun : []), '-m', module, 'run', jobFile];
}

/** A fresh mark. */
export const newMark = (): string => `JUDO_JOB_MARK=${randomUUID()}`;

/** Starts the job as the leader of its own process group. stderr goes straight to the log file. */
export function spawnJob(
  command: PythonCommand,
  options: { jobFile: string; gpus: readonly string[]; logFd: number; mark: string },
): SpawnedJob {
  const [name, value] = options.mark.split('=') as [string, string];
  const child = spawn(command.python, jobArguments(command.module, options.jobFile, options.gpus), {
    cwd: command.cwd,
    env: { ...jobEnvironment(process.env, options.gpus, command.env), [name]: value },
    stdio: ['ignore', 'pipe', options.logFd],
    detached: true,
  });
  return { child: child as ChildProcess & { stdout: Readable }, mark: options.mark };
}
