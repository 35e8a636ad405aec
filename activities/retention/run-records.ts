import { objectKeys } from '../../contracts/artifact.js';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import { RunStatus } from '../../contracts/run.js';
import { forEachAtOnce } from '../artifacts/transfer.js';
import { parseFiled } from './parse-filed.js';

/** `v1/runs/`. */
export const RUNS = objectKeys.run('x').replace(/x\/run\.json$/, '');

/** The name of the run that an object below `v1/runs/` belongs to. */
export const runOfKey = (key: string): string => key.slice(RUNS.length).split('/')[0]!;

/** Where the runs' records lie, those written last first. */
export async function listRunRecords(objects: ObjectStore): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of objects.list(RUNS)) if (info.key === objectKeys.run(runOfKey(info.key))) found.push(info);
  return found.sort((a, b) => b.modified.getTime() - a.modified.getTime());
}

/** Reads run records. One that was removed meanwhile is left out. */
export async function readRunRecords(objects: ObjectStore, records: readonly ObjectInfo[]): Promise<RunStatus[]> {
  const runs = new Map<string, RunStatus>();
  await forEachAtOnce(records, undefined, async ({ key }) => {
    const text = await objects.get(key);
    if (text !== null) runs.set(key, parseFiled(RunStatus, text, `run record ${key} in ${objects.description}`));
  });
  return records.flatMap(({ key }) => runs.get(key) ?? []);
}
