import { basename, join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { RecordSnapshot } from '../../contracts/ports/artifact-store.js';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import { sha256Of } from './hash-file.js';
import { createLineCache } from './line-cache.js';
import { parseRecord, readRecord, RECORDS } from './records.js';
import { forEachAtOnce } from './transfer.js';

/** Enough to find a stage's nearest neighbours; the whole of a store that is used for years is too much to read. */
const RECENT = 400;

/**
 * Lists the records once, and asks the store only for those that this machine has not read before: its copy of one counts while
 * the listing shows the size and the time that the copy was made at, and the copy is whole.
 */
export async function snapshotRecords(objects: ObjectStore, cacheDir: string): Promise<RecordSnapshot> {
  const listed = new Map<string, ObjectInfo>();
  for await (const info of objects.list(RECORDS)) listed.set(basename(info.key, '.json'), info);
  // Machines that use several buckets: two of them may hold a record of one key.
  const file = join(cacheDir, 'records', `${sha256Of(objects.description).slice(0, 16)}.jsonl`);
  const copies = createLineCache(file, (stageKey) => listed.has(stageKey));
  const asked = new Map<string, Promise<StageRecord | null>>();
  let reading = 0;

  async function read(stageKey: string, { key, bytes, modified }: ObjectInfo): Promise<StageRecord | null> {
    const identity = `${bytes}:${modified.getTime()}`;
    const copy = await copies.get(stageKey, identity);
    const kept = copy === undefined ? null : readRecord(copy, stageKey);
    if (kept !== null && 'record' in kept) return kept.record;
    const text = await objects.get(key);
    if (text === null) return null;
    const record = parseRecord(text, stageKey, `${key} in ${objects.description}`);
    copies.set(stageKey, identity, String(text));
    return record;
  }

  /** Of records that are read at once the last one writes the copies of them all. */
  async function readAndKeep(stageKey: string, info: ObjectInfo): Promise<StageRecord | null> {
    reading += 1;
    try {
      return await read(stageKey, info);
    } finally {
      reading -= 1;
      // Copies save time and nothing else: on a full disk there are none.
      if (reading === 0) await copies.flush().catch(() => {});
    }
  }

  function record(stageKey: string): Promise<StageRecord | null> {
    const info = listed.get(stageKey);
    if (info === undefined) return Promise.resolve(null);
    const found = asked.get(stageKey) ?? readAndKeep(stageKey, info);
    asked.set(stageKey, found);
    return found;
  }

  return {
    record,
    async recent() {
      const newest = [...listed].sort(([, a], [, b]) => b.modified.getTime() - a.modified.getTime()).slice(0, RECENT);
      const records = new Map<string, StageRecord | null>();
      await forEachAtOnce(newest, undefined, async ([stageKey]) => void records.set(stageKey, await readable(record(stageKey))));
      return newest.flatMap(([stageKey]) => records.get(stageKey) ?? []);
    },
  };
}

/** Null for a record that is not as it was filed. */
async function readable(record: Promise<StageRecord | null>): Promise<StageRecord | null> {
  try {
    return await record;
  } catch (error) {
    if (error instanceof StageError && error.failure.type === 'InvalidSpec') return null;
    throw error;
  }
}
