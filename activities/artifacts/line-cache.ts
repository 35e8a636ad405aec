import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Texts by name, each good only for what had the same identity when it was made: a size and a time, for instance. */
export interface LineCache {
  get(name: string, identity: string): Promise<string | undefined>;
  set(name: string, identity: string, value: string): void;
  /** Appends what is new since the last time. */
  flush(): Promise<void>;
}

const Line = z.tuple([z.string(), z.string(), z.string()]);
type Entries = Map<string, readonly [identity: string, value: string]>;

/** Rewrite the file when it holds more than this many times the lines that still count. */
const WASTE = 3;
const WASTE_FLOOR = 1_000;

/**
 * A LineCache in one file of JSON lines that any number of processes append to. Lines that are torn or garbled are skipped, and
 * those of a name that is not wanted any more; losing the file costs time and nothing else.
 */
export function createLineCache(file: string, isWanted: (name: string) => boolean = () => true): LineCache {
  const fresh: string[] = [];
  let loading: Promise<Entries> | undefined;
  const load = () => (loading ??= loadLines(file, isWanted));
  return {
    async get(name, identity) {
      const known = (await load()).get(name);
      return known?.[0] === identity ? known[1] : undefined;
    },
    set(name, identity, value) {
      fresh.push(JSON.stringify([name, identity, value]));
      void load().then((entries) => entries.set(name, [identity, value]));
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

async function loadLines(file: string, isWanted: (name: string) => boolean): Promise<Entries> {
  const entries: Entries = new Map();
  const text = await readFile(file, 'utf8').catch(() => '');
  let lines = 0;
  for (const line of text.split('\n')) {
    const parsed = line === '' ? undefined : parseLine(line);
    if (parsed === undefined) continue;
    lines += 1;
    if (isWanted(parsed[0])) entries.set(parsed[0], [parsed[1], parsed[2]]);
  }
  if (lines > WASTE_FLOOR && lines > WASTE * entries.size) await compact(file, entries);
  return entries;
}

/** What another process appends meanwhile may be lost: it is made again some day. */
async function compact(file: string, entries: Entries): Promise<void> {
  const compacted = `${file}.${randomUUID()}`;
  const lines = [...entries].map(([name, [identity, value]]) => JSON.stringify([name, identity, value]));
  try {
    await writeFile(compacted, `${lines.join('\n')}\n`);
    await rename(compacted, file);
  } catch {
    // A full disk, for instance: the long file does as well.
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
