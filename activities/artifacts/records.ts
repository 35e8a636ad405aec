import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { StageRecord } from '../../contracts/record.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';

/** How long a record that was read is taken to be there: the collector removes those that no kept run needs. */
const KNOWN_MS = 5 * 60_000;

/** Stage records over an ObjectStore: written once, the first writer wins. */
export function createRecords(objects: ObjectStore) {
  const found = new Map<string, { record: StageRecord; at: number }>();
  const remember = (record: StageRecord) => found.set(record.key, { record, at: performance.now() });

  async function record(stageKey: string): Promise<StageRecord | null> {
    const cached = found.get(stageKey);
    if (cached && performance.now() - cached.at < KNOWN_MS) return cached.record;
    const key = objectKeys.record(stageKey);
    const text = await objects.get(key);
    if (text === null) return null;
    const read = parseRecord(text, stageKey, `${key} in ${objects.description}`);
    remember(read);
    return read;
  }

  async function fileRecord(mine: StageRecord): Promise<StageRecord> {
    const checked = StageRecord.parse(mine);
    const key = objectKeys.record(checked.key);
    const outcome = await objects.put(key, canonicalJson(checked), { ifAbsent: true, contentType: 'application/json' });
    if (outcome === 'written') {
      remember(checked);
      return checked;
    }
    const winner = await record(checked.key);
    if (winner === null)
      throw new StageError({
        type: 'Transient',
        message: `record ${key} was there and then was not`,
        remedy: 'Somebody deletes records while the run goes on: stop that.',
      });
    return winner;
  }

  return { record, fileRecord };
}

/** Reads a record and refuses one that is garbled or belongs to another key. */
export function parseRecord(text: Buffer, stageKey: string, where: string): StageRecord {
  const parsed = StageRecord.safeParse(parseJson(text));
  const issue = parsed.success ? undefined : parsed.error.issues[0];
  const problem = issue
    ? `${issue.path.join('.') || 'it'}: ${issue.message}`
    : parsed.data?.key !== stageKey
      ? `it says key ${parsed.data?.key}`
      : null;
  if (parsed.success && problem === null) return parsed.data;
  throw new StageError({
    type: 'InvalidSpec',
    message: `record ${where} cannot be read: ${problem}`,
    remedy: 'If a newer judo wrote it, use that version. If it is damaged, delete the object: the stage then runs again.',
  });
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
