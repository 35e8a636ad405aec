import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { checkoutRoot, judoHome } from '../../infra/checkout.js';
import { readStackState, type ProcessState, type StackState } from '../../infra/stack/state.js';

/** What `judo run` and `judo show` print with `-o json`. */
export interface RunDocument {
  readonly state: string;
  readonly stages: readonly {
    readonly stage: string;
    readonly key: string | null;
    readonly outcome: string;
    readonly attempts: number;
    readonly artifacts: Readonly<Record<string, string>>;
  }[];
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stack in a home of its own, on free ports, with the checkout's set-up; driven by the real command only. */
export interface StackHome {
  readonly path: string;
  judo(...args: string[]): Promise<Ended>;
  up(): Promise<{ outcome: string; stack: StackState }>;
  down(): Promise<void>;
  /** Starts a run and follows it as a person would, until it ends. */
  run(...args: string[]): Promise<Ended>;
  stack(): StackState;
  part(name: string): ProcessState;
  /** Everything that runs for this home: by its environment, its folder or its arguments. */
  processes(): { pid: number; command: string }[];
  /** The process of the job that makes `key`; null when none runs. */
  trainer(key: string): number | null;
  /** Folders of attempts that are made or half made. */
  attempts(): string[];
  /** Keys of the stages that a job of this home works at. */
  jobs(): string[];
  /** Steps whose checkpoint is committed by the trainer and taken over by the host: from these a stage can go on. */
  checkpoints(key: string): number[];
  /** Names of the objects below a prefix of the bucket, as the S3 server keeps them: one file each. */
  objects(prefix: string): string[];
  record(key: string): { attempts: number; summary: Record<string, unknown> };
  /** What the logs said last, for the message of a wait in vain. */
  logs(): string;
  remove(): Promise<void>;
}

const BUCKET = 'judo';

/** `below`: the folder to make the home in, where it is not to be in the machine's own. */
export function createStackHome(name: string, environment: Readonly<Record<string, string>> = {}, below = tmpdir()): StackHome {
  const path = mkdtempSync(join(below, `judo-${name}-`));
  for (const shared of ['venv', 'servers']) symlinkSync(join(judoHome(), shared), join(path, shared));
  const env = {
    PATH: process.env['PATH'],
    HOME: homedir(),
    ...(process.env['XDG_CACHE_HOME'] && { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }),
    JUDO_HOME: path,
    TEMPORAL_CONFIG_FILE: join(path, 'none.toml'),
    ...environment,
  };
  const bucket = join(path, 's3', 'data', BUCKET);

  async function judo(...args: string[]): Promise<Ended> {
    const bin = join(checkoutRoot(), 'dist', 'cli', 'bin.js');
    const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { code, stdout, stderr };
  }

  async function succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await judo(...args);
    if (code !== 0) throw new Error(`judo ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return stdout;
  }

  function stack(): StackState {
    const state = readStackState(path);
    if (state === null) throw new Error(`no stack.json in ${path}`);
    return state;
  }

  const home: StackHome = {
    path,
    judo,
    up: async () => JSON.parse(await succeed('up', '-o', 'json')) as { outcome: string; stack: StackState },
    down: async () => void (await succeed('down')),
    run: (...args) => judo('run', ...args, '--no-progress', '-o', 'json'),
    stack,
    part(name) {
      const found = stack().processes.find((process) => process.name === name);
      if (found === undefined) throw new Error(`no ${name} in the stack of ${path}`);
      return found;
    },
    processes: () => processesOf(path),
    trainer(key) {
      const found = processesOf(path).find(({ command }) => command.includes('judo_gpu') && command.includes(key));
      return found?.pid ?? null;
    },
    attempts: () => listed(join(path, 'scratch')).flatMap((key) => listed(join(path, 'scratch', key))),
    jobs: () => listed(join(path, 'work', 'jobs')),
    checkpoints(key) {
      const stage = join(path, 'work', 'jobs', key);
      const taken = (attempt: string) => listed(join(stage, attempt)).flatMap((file) => /^metrics-(\d+)\.jsonl$/.exec(file)?.[1] ?? []);
      const whole = (attempt: string, step: string) => existsSync(join(stage, attempt, 'checkpoints', step, 'manifest.json'));
      return listed(stage).flatMap((attempt) =>
        taken(attempt)
          .filter((step) => whole(attempt, step))
          .map(Number),
      );
    },
    objects(prefix) {
      const folder = join(bucket, prefix);
      if (!existsSync(folder)) return [];
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    },
    record: (key) => JSON.parse(readFileSync(join(bucket, 'v1', 'records', `${key}.json`), 'utf8')) as ReturnType<StackHome['record']>,
    logs: () =>
      listed(join(path, 'logs'))
        .map((file) => `--- ${file}\n${readFileSync(join(path, 'logs', file), 'utf8').slice(-2000)}`)
        .join('\n'),
    async remove() {
      await home.down();
      rmSync(path, { recursive: true, force: true });
    },
  };
  return home;
}

/** What is in a folder; nothing where it is a file, or has just been removed. */
function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Found without the stack's own list: by anything in /proc that names the home. Zombies and this process are none. */
function processesOf(home: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const of = (file: string): string => readFileSync(`/proc/${name}/${file}`, 'utf8').replaceAll('\0', ' ').trim();
        const command = of('cmdline');
        const places = [command, of('environ'), readlinkSync(`/proc/${name}/cwd`)];
        // A `judo` command of this test follows its run; it is no part of the stack.
        const ours = places.some((place) => place.includes(home)) && !command.includes('dist/cli/bin.js');
        return ours && command !== '' ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // it has just ended
      }
    });
}

/** Addresses that a stack was reached at. */
export const portsOf = ({ temporal, s3, teacher }: StackState): number[] =>
  [temporal?.address, temporal?.ui, s3?.endpoint, teacher?.url].flatMap((url) => {
    const port = Number(/:(\d+)(\/v1)?$/.exec(url ?? '')?.[1]);
    return Number.isNaN(port) ? [] : [port];
  });

/** Whether anybody listens on a port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

const PATIENCE_MS = 8 * 60_000;

/** Looks again until it is true. A wait in vain ends with what was waited for, and the logs. */
export async function until(what: string, home: StackHome, look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}\n${home.logs()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a run made, stage by stage: the key, and the digest of each output. The report tells times, so that its bytes differ. */
export const madeBy = (run: RunDocument) =>
  run.stages.map(({ stage, key, artifacts }) => ({ stage, key, ...(stage === 'report' ? {} : { artifacts }) }));

/** The document of a run that ended well. */
export function completed({ code, stdout, stderr }: Ended): RunDocument {
  if (code !== 0) throw new Error(`the run ended with ${code}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout) as RunDocument;
}

/** The key of a stage that a run made. */
export function keyOf(run: RunDocument, stage: string): string {
  const key = run.stages.find((one) => one.stage === stage)?.key;
  if (!key) throw new Error(`the run has no key for ${stage}`);
  return key;
}

/** A small recipe, and what it runs on: the real pictures where they are, else a demo plant. */
export async function pictures(folder: string): Promise<{ recipe: string; data: string }> {
  const real = join(checkoutRoot(), '..', 'shared', 'data', 'pcb-mini');
  const recipe = join(checkoutRoot(), 'tests', 'slow', 'small-run.yaml');
  if (existsSync(join(real, 'mmad.json'))) return { recipe, data: real };
  mkdirSync(folder, { recursive: true });
  const bin = join(checkoutRoot(), 'dist', 'cli', 'bin.js');
  await new Promise<void>((resolve, reject) => {
    const args = [bin, 'data', 'demo', join(folder, 'plant'), '--images', '24', '--seed', '3', '--size', '128'];
    execFile(process.execPath, args, (error) => (error ? reject(error) : resolve()));
  });
  return { recipe, data: join(folder, 'plant') };
}
