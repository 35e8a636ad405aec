import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** `<scratch>/<stage key>/attempt-<number>-<pid>`, as a stage's activity names its folder. */
const ATTEMPT = /^attempt-\d+-(\d+)$/;

/**
 * Frees what killed attempts left half made: folders whose process runs no more. A process that has taken over the number
 * keeps a folder until the next start, which costs space only.
 */
export async function removeAbandonedScratch(scratch: string): Promise<void> {
  for (const key of await readdir(scratch).catch(() => [])) {
    for (const name of await readdir(join(scratch, key)).catch(() => [])) {
      const pid = Number(ATTEMPT.exec(name)?.[1] ?? 0);
      if (pid > 0 && !isAlive(pid)) await rm(join(scratch, key, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
