import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when a process is no more; a zombie that nobody has reaped yet counts as gone. */
export async function gone(pid: number): Promise<void> {
  while (await alive(pid)) await delay(10);
}

async function alive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return status !== null && !/\) Z /.test(status);
}
