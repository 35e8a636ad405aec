import type { BigIntStats } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Digest } from '../../contracts/artifact.js';

/** Remembers the sha256 of files by path, size, mtime and inode, so that an unchanged file is not read again. */
export interface StatCache {
  get(path: string, stat: BigIntStats): Promise<string | undefined>;
  set(path: string, stat: BigIntStats, sha256: string): void;
  /** Appends what is new since the last time. */
  flush(): Promise<void>;
}

const Line = z.tuple([z.string(), z.string(), Digest]);

/** A file touched within this time could be written again without its mtime changing (a kernel's clock ticks every 4 to 10 ms). */
const RACY_NS = 100_000_000n;
/** Rewrite the file when it holds more than this many times the lines that still count. */
const WASTE = 3;
const WASTE_FLOOR = 1_000;

/**
 * A StatCache in one file of JSON lines that any number of processes append to. Lines that are torn or garbled are skipped;
 * losing the file costs time and nothing else.
 */
export function createStatCache(file: string, now: () => number = Date.now): StatCache {
  const fresh: string[] = [];
  let loading: Promise<Map<string, readonly [identity: string, sha256: string]>> | undefined;
  const load = () => (loading ??= loadLines(file));
  return {
    async get(path, stat) {
      const known = (await load()).get(path);
      return known?.[0] === identityOf(stat) ? known[1] : undefined;
    },
    set(path, stat, sha256) {
      if (stat.mtimeNs + RACY_NS > BigInt(now()) * 1_000_000n) return;
      const identity = identityOf(stat);
      fresh.push(JSON.stringify([path, identity, sha256]));
      void load().then((entries) => entries.set(path, [identity, sha256]));
    },
    async flush() {
      if (fresh.length === 0) return;
      const lines = fresh.splice(0);
      await mkdir(dirname(file), { recursive: true });
      // The leading newline ends a line that a killed writer left torn.
      await appendFile(file, `\n${lines.join('\n')}\n`);
    },
  };
}

function identityOf(stat: BigIntStats): string {
  return `${stat.size}:${stat.mtimeNs}:${stat.ino}`;
}

async function loadLines(file: string): Promise<Map<string, readonly [string, string]>> {
  const entries = new Map<string, readonly [string, string]>();
  const text = await readFile(file, 'utf8').catch(() => '');
  let lines = 0;
  for (const line of text.split('\n')) {
    const parsed = line === '' ? undefined : parseLine(line);
    if (parsed === undefined) continue;
    lines += 1;
    entries.set(parsed[0], [parsed[1], parsed[2]]);
  }
  if (lines > WASTE_FLOOR && lines > WASTE * entries.size) await compact(file, entries);
  return entries;
}

/** What another process appends meanwhile may be lost: it is hashed again some day. */
async function compact(file: string, entries: ReadonlyMap<string, readonly [string, string]>): Promise<void> {
  const compacted = `${file}.${randomUUID()}`;
  const lines = [...entries].map(([path, [identity, sha256]]) => JSON.stringify([path, identity, sha256]));
  try {
    await writeFile(compacted, `${lines.join('\n')}\n`);
    await rename(compacted, file);
  } finally {
    await rm(compacted, { force: true });
  }
}

function parseLine(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
