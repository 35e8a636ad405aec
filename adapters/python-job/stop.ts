import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { SpawnedJob } from './spawn.js';

/** torchrun passes SIGTERM on to its processes; after this long nobody is waited for. */
export const TERM_GRACE_MS = 5_000;

/**
 * Kills a job when its host dies, SIGKILL of the host included: `cat` ends when the host's end of the pipe closes.
 * PR_SET_PDEATHSIG would reach the direct child only; torchrun starts its processes in sessions of their own, so that a
 * process group does not reach them either. All of them inherit the mark.
 */
const GUARD = `
cat > /dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for file in $(grep -lszxF -e "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    kill -9 "\${pid%/environ}" 2>/dev/null && found=1
  done
  [ -z "$found" ] && exit 0
  sleep 0.1
done`;

/** Starts the guard of a mark, before the job itself. Closing it kills what is left of the job, and waits for the guard's end. */
export function startGuard(mark: string): { close: () => Promise<void> } {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'judo-job-guard', mark], {
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(guard, 'exit');
  // A guard that was killed first must not take the host with it.
  guard.stdin.on('error', () => undefined);
  return {
    async close() {
      guard.stdin.end();
      await ended;
    },
  };
}

/** Kills every process that carries the mark, and the child's group. Returns when a look found none alive. */
export async function killJob(job: SpawnedJob): Promise<void> {
  signalGroup(job, 'SIGKILL');
  while ((await markedProcesses(job.mark)).filter((pid) => signal(pid, 'SIGKILL')).length > 0) await delay(20);
}

/** The orderly end: stop file, grace, SIGTERM, grace, SIGKILL. Returns when the child is gone or was killed. */
export async function stopJob(
  job: SpawnedJob,
  options: { stopFile: string; stopGraceMs: number; exited: Promise<unknown> },
): Promise<void> {
  await writeFile(options.stopFile, '');
  if (await endsWithin(options.exited, options.stopGraceMs)) return;
  signalGroup(job, 'SIGTERM');
  if (await endsWithin(options.exited, Math.min(TERM_GRACE_MS, options.stopGraceMs))) return;
  await killJob(job);
}

function signalGroup(job: SpawnedJob, name: NodeJS.Signals): void {
  if (job.child.pid !== undefined) signal(-job.child.pid, name);
}

/** False when there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Ids of living processes whose environment holds the mark; none where there is no /proc. */
async function markedProcesses(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return environ.split('\0').includes(mark) ? [Number(pid)] : [];
    }),
  );
  return marked.flat();
}

async function endsWithin(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([ended.then(() => true), delay(ms, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
