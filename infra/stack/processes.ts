import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Set in the environment of everything the stack starts, and inherited by what that starts: nothing of a home can get lost. */
export const STACK_MARK = 'JUDO_STACK_HOME';

/** A process, told apart from a later one with the same number by the tick it started in. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** The identity of a running process, or null when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    return state === 'Z' || state === 'X' ? null : { pid, startedAt: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/** Whether this very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startedAt === process.startedAt;
}

/** Every process of the stack of `home`, this process and its parents excepted. */
export function processesOfHome(home: string): ProcessIdentity[] {
  const mark = `${STACK_MARK}=${home}`;
  const own = ancestors();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !own.has(Number(name)))
    .filter((name) => environmentOf(name).split('\0').includes(mark))
    .flatMap((name) => identify(Number(name)) ?? []);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function ancestors(): Set<number> {
  const found = new Set<number>();
  for (let pid = process.pid; pid > 1 && !found.has(pid); pid = parentOf(pid)) found.add(pid);
  return found;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** Sends a signal to a process; one that is gone is no error. */
export function send(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until all are gone; false when some are still there after `timeoutMs`. */
export async function gone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (processes.some(isRunning)) {
    if (Date.now() > deadline) return false;
    await pause(25);
  }
  return true;
}

/** Ends everything of a home that is still there: SIGTERM, then SIGKILL after `graceMs`. Returns how many there were. */
export async function sweep(home: string, graceMs: number): Promise<number> {
  const left = processesOfHome(home);
  for (const process of left) send(process, 'SIGTERM');
  await gone(left, graceMs);
  for (let rest = processesOfHome(home); rest.length > 0; rest = processesOfHome(home)) {
    for (const process of rest) send(process, 'SIGKILL');
    await gone(rest, 1000);
  }
  return left.length;
}

/** Whether this process itself, and not somebody else's, listens on the port. */
export function listensOn(pid: number, port: number): boolean {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(file, hexPort)));
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

const LISTEN = '0A';

function listeningInodes(file: string, hexPort: string): string[] {
  try {
    const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
    return rows
      .map((row) => row.trim().split(/\s+/))
      .filter((columns) => columns[3] === LISTEN && columns[1]?.endsWith(`:${hexPort}`))
      .map((columns) => `socket:[${columns[9]}]`);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
