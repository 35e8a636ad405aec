import { StageRecord } from '../../contracts/record.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

const PREFIX = 'v1/records/';
const AT_ONCE = 32;

/** The newest records of the store, newest first: what `plan` and `why` compare with and estimate from. */
export async function recentRecords(objects: ObjectStore, most = 400): Promise<StageRecord[]> {
  const listed: { key: string; modified: Date }[] = [];
  for await (const { key, modified } of objects.list(PREFIX)) listed.push({ key, modified });
  const newest = listed.sort((a, b) => b.modified.getTime() - a.modified.getTime()).slice(0, most);
  const records: StageRecord[] = [];
  for (let from = 0; from < newest.length; from += AT_ONCE) {
    const bodies = await Promise.all(newest.slice(from, from + AT_ONCE).map(({ key }) => objects.get(key)));
    // One that a hand has edited is no help here, and no harm: reading it as a record is refused elsewhere.
    for (const body of bodies) {
      const parsed = body === null ? null : StageRecord.safeParse(tryParse(body));
      if (parsed?.success === true) records.push(parsed.data);
    }
  }
  return records;
}

function tryParse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
