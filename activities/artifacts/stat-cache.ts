import type { BigIntStats } from 'node:fs';
import { Digest } from '../../contracts/artifact.js';
import { createLineCache } from './line-cache.js';

/** Remembers the sha256 of files by path, size, mtime and inode, so that an unchanged file is not read again. */
export interface StatCache {
  get(path: string, stat: BigIntStats): Promise<Digest | undefined>;
  set(path: string, stat: BigIntStats, sha256: Digest): void;
  /** Appends what is new since the last time. */
  flush(): Promise<void>;
}

/** A file touched within this time could be written again without its mtime changing (a kernel's clock ticks every 4 to 10 ms). */
const RACY_NS = 100_000_000n;

/** A StatCache in one file that any number of processes use at once. */
export function createStatCache(file: string, now: () => number = Date.now): StatCache {
  const lines = createLineCache(file);
  return {
    get: async (path, stat) => Digest.safeParse(await lines.get(path, identityOf(stat))).data,
    set(path, stat, sha256) {
      if (stat.mtimeNs + RACY_NS <= BigInt(now()) * 1_000_000n) lines.set(path, identityOf(stat), sha256);
    },
    flush: () => lines.flush(),
  };
}

function identityOf(stat: BigIntStats): string {
  return `${stat.size}:${stat.mtimeNs}:${stat.ino}`;
}
