import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when a process is no more; a zombie that nobody has reaped yet counts as gone. */
export async function gone(pid: number): Promise<void> {
  while (await alive(pid)) await delay(10);
}

async function alive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return status !== null && !/\) Z /.test(status);
}

/** The process that has `argument` on its command line. */
export async function pidWith(argument: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.split('\0').includes(argument)) return Number(pid);
  }
  throw new Error(`no process has ${argument} on its command line`);
}
