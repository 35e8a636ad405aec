import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildVersitygw } from './versitygw.js';

export { buildVersitygw, findVersitygw, VERSITYGW_VERSION } from './versitygw.js';

/** What an S3 server of ours is started with. `dir` holds all it keeps: data, accounts, log. */
export interface S3ServerOptions {
  readonly dir: string;
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface S3Server {
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** SIGTERM, then SIGKILL after 5 s. Resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const HEALTH_PATH = '/_health';
const STOP_GRACE_MS = 5_000;
const READY_TIMEOUT_MS = 15_000;
const READY_POLL_MS = 10;

/**
 * Makes the folders, checks that they keep user xattrs, and gives the command that serves them on loopback.
 * For whoever supervises the process; `waitForS3` says when it is ready. A taken port ends it with 1.
 */
export async function s3ServerCommand(
  options: S3ServerOptions,
  binary?: string,
): Promise<{ command: string; args: string[]; env: Record<string, string>; endpoint: string }> {
  const dir = resolve(options.dir);
  const data = join(dir, 'data');
  const iam = join(dir, 'iam');
  await mkdir(data, { recursive: true });
  await mkdir(iam, { recursive: true });
  await assertUserXattrs(dir);
  const address = `127.0.0.1:${options.port}`;
  return {
    command: binary ?? (await buildVersitygw()),
    // Without --iam-dir a wrong access key answers 404, as if the object were missing. Never --sidecar: kills lose objects.
    args: ['--port', address, '--health', HEALTH_PATH, '--iam-dir', iam, 'posix', data],
    env: { ROOT_ACCESS_KEY: options.accessKey, ROOT_SECRET_KEY: options.secretKey, VGW_KEEP_ALIVE: 'true', VGW_QUIET: 'true' },
    endpoint: `http://${address}`,
  };
}

/** Resolves when the server answers; fails, saying how long it waited, when it does not. */
export async function waitForS3(endpoint: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
  const timeoutMs = options.timeoutMs ?? READY_TIMEOUT_MS;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const isReady = await fetch(`${endpoint}${HEALTH_PATH}`, { signal: AbortSignal.timeout(1_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    if (Date.now() > deadline) throw new Error(`the S3 server at ${endpoint} did not answer ${HEALTH_PATH} within ${timeoutMs / 1000} s`);
    await new Promise((later) => setTimeout(later, READY_POLL_MS));
  }
}

/** Starts the server and waits until it answers. Its output goes to `dir/s3.log`, whose end is in the error when it cannot start. */
export async function startS3Server(options: S3ServerOptions, binary?: string): Promise<S3Server> {
  const { command, args, env, endpoint } = await s3ServerCommand(options, binary);
  await assertPortIsFree(options.port); // else the health of whoever has it would be taken for ours
  const logFile = join(resolve(options.dir), 's3.log');
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(`it ended with ${signal ?? code}`));
  });
  const gaveUp = new AbortController();
  const failure = await Promise.race([waitForS3(endpoint, { signal: gaveUp.signal }).then(() => null, String), ended]);
  gaveUp.abort();
  if (failure !== null) {
    child.kill('SIGKILL');
    const said = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
    throw new Error(`the S3 server did not start on ${endpoint}: ${failure}\n${said}\nThe log is ${logFile}.`);
  }
  return { endpoint, child, stop: (signal = 'SIGTERM') => stop(child, signal) };
}

async function assertPortIsFree(port: number): Promise<void> {
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    throw new Error(`the S3 server cannot start on 127.0.0.1:${port}: the port is taken; stop whatever listens there or use another`, {
      cause: error,
    });
  } finally {
    probe.close();
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await gone;
  clearTimeout(killer);
}

/** The server keeps each object's metadata in the file's user xattrs; Node cannot set one, Python (which we need anyway) can. */
async function assertUserXattrs(folder: string): Promise<void> {
  const probe = await mkdtemp(join(folder, '.xattr-'));
  const script = 'import os,sys; os.setxattr(sys.argv[1], "user.judo", b"1")';
  try {
    await promisify(execFile)('python3', ['-c', script, probe]);
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : String(error);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return; // no python3: versitygw checks for itself at the start
    throw new Error(
      `the folder ${folder} keeps no user extended attributes, which the S3 server needs (${said})\n` +
        'Set JUDO_HOME to a folder on ext4, xfs, btrfs or another file system with user xattrs (not tmpfs of an old kernel, not NFS 3).',
      { cause: error },
    );
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}
