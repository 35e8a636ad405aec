import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { recordOf } from '../retention/garbage.js';
import { folderWith, temporaryFolder } from './temporary-folders.js';

const key = (n: number) => String(n).repeat(64);

/** A store with records 1, 2, 3, a fresh machine's cache, and what is read of the store from here on. */
async function filed() {
  const objects = createMemoryObjectStore();
  const writer = createArtifactStore({ objects, cacheDir: await temporaryFolder() });
  const out = await writer.save(await folderWith({ a: 'made' }));
  for (const n of [1, 2, 3]) await writer.fileRecord(recordOf(key(n), 'run-1', { out }));
  const gets: string[] = [];
  const counted: ObjectStore = { ...objects, get: (name) => (gets.push(name), objects.get(name)) };
  const cacheDir = await temporaryFolder();
  const open = (store = counted) => createArtifactStore({ objects: store, cacheDir });
  return { objects, gets, open, cacheDir };
}

/** The file of a machine's copies of this bucket's records. */
async function copiesIn(cacheDir: string): Promise<string> {
  const [file] = await readdir(join(cacheDir, 'records'));
  return join(cacheDir, 'records', file!);
}

test('a record is read once in a machine: later commands take its copy', async () => {
  const { gets, open } = await filed();
  const first = await open().snapshotRecords();
  expect((await first.record(key(1)))?.run).toBe('run-1');
  expect((await first.record(key(1)))?.key).toBe(key(1));
  expect(await (await open().snapshotRecords()).record(key(1))).toEqual(await first.record(key(1)));
  expect(gets).toEqual([objectKeys.record(key(1))]);
});

test('what is not there is known from the listing alone', async () => {
  const { gets, open } = await filed();
  expect(await (await open().snapshotRecords()).record(key(9))).toBeNull();
  expect(gets).toEqual([]);
});

test('a record that was removed is gone, copy or no copy', async () => {
  const { objects, open } = await filed();
  const before = await open().snapshotRecords();
  await before.record(key(1));
  await objects.delete(objectKeys.record(key(1)));
  await objects.delete(objectKeys.record(key(2)));
  expect(await before.record(key(2))).toBeNull();
  expect(await (await open().snapshotRecords()).record(key(1))).toBeNull();
});

test('a record that was edited after it was copied is refused, and no help to compare with', async () => {
  const { objects, open } = await filed();
  await (await open().snapshotRecords()).record(key(1));
  const text = String(await objects.get(objectKeys.record(key(1))));
  await objects.put(objectKeys.record(key(1)), text.replace('run-1', 'run-1000'));
  const snapshot = await open().snapshotRecords();
  await expect(snapshot.record(key(1))).rejects.toThrow('it was edited');
  expect((await snapshot.recent()).map((record) => record.key).toSorted()).toEqual([key(2), key(3)]);
});

test.each([
  ['torn', (file: string) => truncate(file, 40)],
  ['edited', async (file: string) => writeFile(file, String(await readFile(file)).replace('run-1', 'run-2'))],
  ['gone', (file: string) => rm(file)],
])('a copy that is %s is not believed', async (_, damage) => {
  const { gets, open, cacheDir } = await filed();
  await (await open().snapshotRecords()).record(key(1));
  await damage(await copiesIn(cacheDir));
  expect((await (await open().snapshotRecords()).record(key(1)))?.run).toBe('run-1');
  expect(gets).toHaveLength(2);
});

test('copies of records that are gone are dropped from a file that is mostly of those', async () => {
  const { objects, open, cacheDir } = await filed();
  for (const n of [1, 2, 3]) await (await open().snapshotRecords()).record(key(n));
  const file = await copiesIn(cacheDir);
  const [first] = (await readFile(file, 'utf8')).trim().split('\n');
  await writeFile(file, Array.from({ length: 2_000 }, (_, n) => first!.replace(key(1), `${n}`.padStart(64, 'f'))).join('\n'));
  await objects.delete(objectKeys.record(key(2)));
  await (await open().snapshotRecords()).record(key(1));
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('a cache that cannot be written costs reads, and no error', async () => {
  const { gets, open, cacheDir } = await filed();
  await writeFile(join(cacheDir, 'records'), 'a file where the folder would be');
  for (let n = 0; n < 2; n += 1) expect((await (await open().snapshotRecords()).record(key(1)))?.run).toBe('run-1');
  expect(gets).toHaveLength(2);
});

test('two buckets have copies of their own, though a key be in both', async () => {
  const { objects, open } = await filed();
  const elsewhere: ObjectStore = { ...createMemoryObjectStore(), description: 's3://elsewhere' };
  const other = String(await objects.get(objectKeys.record(key(1))));
  await (await open().snapshotRecords()).record(key(1));
  await elsewhere.put(objectKeys.record(key(1)), other.replace('run-1', 'run-9'));
  // The same size at the same time: only the store tells them apart.
  const [{ modified }] = [(await objects.head(objectKeys.record(key(1))))!];
  const dated: ObjectStore = {
    ...elsewhere,
    async *list(prefix) {
      for await (const info of elsewhere.list(prefix)) yield { ...info, modified };
    },
  };
  await expect((await open(dated).snapshotRecords()).record(key(1))).rejects.toThrow('it was edited');
});

test('an unreachable store is an error, and never an empty snapshot', async () => {
  const { objects, open } = await filed();
  const refused = () => Promise.reject(new Error('connection refused'));
  const dead: ObjectStore = {
    ...objects,
    async *list() {
      yield await refused();
    },
  };
  await expect(open(dead).snapshotRecords()).rejects.toThrow('connection refused');
  const snapshot = await open({ ...objects, get: refused }).snapshotRecords();
  await expect(snapshot.recent()).rejects.toThrow('connection refused');
});
