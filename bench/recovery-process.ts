import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { checkoutRoot } from '../infra/checkout.js';
import type { Attempt } from './recovery-terms.js';

const PATIENCE_MS = 60_000;

export interface WorkerProcess {
  /** SIGKILL; resolves to when it was sent. */
  kill(): Promise<number>;
}

/** Worker processes of the recovery benchmark, and every attempt that one of them began. */
export function recoveryProcesses(bundles: readonly string[], env: Readonly<Record<string, string>>) {
  const attempts: Attempt[] = [];
  const living = new Set<ChildProcess>();
  process.once('exit', () => living.forEach((child) => child.kill('SIGKILL')));

  async function start(): Promise<WorkerProcess> {
    const script = join(checkoutRoot(), 'dist', 'bench', 'recovery-worker.js');
    const child = spawn(process.execPath, [script, ...bundles], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => (said = `${said}${String(chunk)}`.slice(-2000)));
    living.add(child);
    child.once('exit', () => living.delete(child));
    let isReady = false;
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{')) attempts.push(JSON.parse(line) as Attempt);
      else if (line.startsWith('ready')) isReady = true;
    });
    await until('a worker that is ready', () => {
      if (child.exitCode !== null) throw new Error(`bench/recovery-worker ended with ${child.exitCode}:\n${said}`);
      return isReady;
    });
    return { kill: () => kill(child) };
  }

  return {
    start,
    attempts: (wanted: Partial<Attempt>) => attempts.filter((one) => matches(one, wanted)),
    /** The first attempt of this kind, now or when it begins. */
    async attempt(wanted: Partial<Attempt>): Promise<Attempt> {
      let found: Attempt | undefined;
      await until(`attempt ${JSON.stringify(wanted)}`, () => (found = attempts.find((one) => matches(one, wanted))) !== undefined);
      return found!;
    },
    stop: () => Promise.all([...living].map(kill)),
  };
}

async function kill(child: ChildProcess): Promise<number> {
  const ended = once(child, 'exit');
  const at = Date.now();
  child.kill('SIGKILL');
  await ended;
  return at;
}

const matches = (one: Attempt, wanted: Partial<Attempt>): boolean =>
  Object.entries(wanted).every(([field, value]) => one[field as keyof Attempt] === value);

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
    await delay(10);
  }
}
