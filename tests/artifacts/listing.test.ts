import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { sha256Of } from '../../activities/artifacts/hash-file.js';
import { getTree, listRecords, listTrees, resolveDigest, verifyRecords, verifyTrees } from '../../activities/artifacts/listing.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import { recordOf } from '../retention/garbage.js';
import { folderWith, temporaryFolder } from './temporary-folders.js';

async function stores() {
  const objects = createMemoryObjectStore();
  return { objects, artifacts: createArtifactStore({ objects, cacheDir: await temporaryFolder() }) };
}

test('trees are listed with their sizes and with the stage that made them', async () => {
  const { objects, artifacts } = await stores();
  const made = await artifacts.save(await folderWith({ a: 'made' }));
  const source = await artifacts.save(await folderWith({ b: 'source', c: 'data' }));
  await artifacts.fileRecord({
    schemaVersion: 1,
    key: 'c'.repeat(64),
    stage: 'dom-inj-data',
    kind: 'dom-inj-data',
    implementationVersion: 1,
    params: {},
    inputs: {},
    outputs: { rows: made },
    summary: {},
    standIns: [],
    run: 'run-7',
    startedAt: '2026-11-21T12:00:00Z',
    finishedAt: '2026-11-21T13:00:00Z',
    attempts: 1,
    environment: {},
  });
  const listed = await listTrees({ objects, artifacts });
  const of = (digest: string) => listed.find((tree) => tree.digest === digest);
  expect(listed).toHaveLength(2);
  expect(of(made.digest)).toMatchObject({ files: 1, bytes: 4, producers: [{ stage: 'dom-inj-data', output: 'rows', run: 'run-7' }] });
  expect(of(source.digest)).toMatchObject({ files: 2, bytes: 10, producers: [] });
  expect((await listRecords({ objects })).map((record) => record.stage)).toEqual(['dom-inj-data']);
});

test('a digest is found by its beginning; none and nonsense are said to be so', async () => {
  const { objects, artifacts } = await stores();
  const { digest } = await artifacts.save(await folderWith({ a: '1' }));
  expect(await resolveDigest({ objects }, digest.slice(0, 8))).toBe(digest);
  const other = digest.startsWith('0') ? '1111' : '0000';
  await expect(resolveDigest({ objects }, other)).rejects.toMatchObject({ failure: { type: 'ArtifactMissing' } });
  await expect(resolveDigest({ objects }, '../x')).rejects.toMatchObject({ failure: { type: 'InvalidSpec' } });
});

test('a beginning that two digests share is ambiguous', async () => {
  const { objects } = await stores();
  await objects.put(objectKeys.tree('abcd1'.padEnd(64, '0')), '{}');
  await objects.put(objectKeys.tree('abcd2'.padEnd(64, '0')), '{}');
  await expect(resolveDigest({ objects }, 'abcd')).rejects.toMatchObject({
    failure: { type: 'InvalidSpec', message: expect.stringContaining('2 artifacts') },
  });
});

test('a tree is copied out writable, and only into an empty place', async () => {
  const { artifacts } = await stores();
  const { digest } = await artifacts.save(await folderWith({ 'deep/a': 'content' }));
  const out = join(await temporaryFolder(), 'new', 'out');
  expect(await getTree({ artifacts }, digest, out)).toEqual({ digest, files: 1, bytes: 7 });
  expect((await stat(join(out, 'deep/a'))).mode & 0o200).toBe(0o200);
  await writeFile(join(out, 'deep/a'), 'mine now');
  expect(String(await readFile(join(await artifacts.materialize(digest), 'deep/a')))).toBe('content');
  await expect(getTree({ artifacts }, digest, out)).rejects.toMatchObject({
    failure: { type: 'InvalidSpec', message: expect.stringContaining('not empty') },
  });
  await expect(getTree({ artifacts }, digest, join(out, 'deep/a'))).rejects.toMatchObject({ failure: { type: 'InvalidSpec' } });
});

test('damage is told tree by tree, and what was discarded is made anew by the next save', async () => {
  const { objects, artifacts } = await stores();
  const root = await folderWith({ a: 'one', b: 'two' });
  const { digest } = await artifacts.save(root);
  const sound = await artifacts.save(await folderWith({ c: 'three' }));
  await objects.put(objectKeys.blob(sha256Of('two')), 'TWO');
  const told: string[] = [];
  const verdicts = await verifyTrees({ objects }, 'all', { onVerdict: (verdict) => told.push(verdict.digest) });
  expect(told.sort()).toEqual([digest, sound.digest].sort());
  expect(verdicts.filter((verdict) => !verdict.ok)).toEqual([
    { digest, ok: false, problems: [expect.stringContaining('b is damaged')], discarded: [] },
  ]);
  const [verdict] = await verifyTrees({ objects }, digest, { discard: true });
  expect(verdict?.discarded).toEqual([objectKeys.blob(sha256Of('two')), objectKeys.tree(digest)]);
  const next = createArtifactStore({ objects, cacheDir: await temporaryFolder() });
  expect((await next.save(root)).digest).toBe(digest);
  expect(await next.verify(digest)).toEqual({ ok: true, problems: [] });
});

test('records that were edited are told, and discarded without a word about the others', async () => {
  const { objects, artifacts } = await stores();
  const out = await artifacts.save(await folderWith({ a: 'made' }));
  const file = async (n: number) => artifacts.fileRecord(recordOf(String(n).repeat(64), 'run-1', { out }));
  const [sound, changed, copied] = [await file(1), await file(2), await file(3)].map(({ key }) => objectKeys.record(key));
  const text = async (key: string) => String(await objects.get(key));
  await objects.put(changed!, (await text(changed!)).replace('run-1', 'run-2'));
  await objects.put(copied!, await text(sound!));
  const before = await text(sound!);
  expect(await verifyRecords({ objects })).toEqual([
    { key: sound, ok: true, problems: [], discarded: false },
    { key: changed, ok: false, problems: [expect.stringContaining('it was edited')], discarded: false },
    { key: copied, ok: false, problems: [expect.stringContaining('it is the record of another key, 111')], discarded: false },
  ]);
  await expect(listRecords({ objects })).rejects.toThrow('is not as it was filed');
  expect((await verifyRecords({ objects }, { discard: true })).map(({ discarded }) => discarded)).toEqual([false, true, true]);
  expect((await listRecords({ objects })).map(({ key }) => objectKeys.record(key))).toEqual([sound]);
  expect(await text(sound!)).toBe(before);
  expect((await artifacts.verify(out.digest)).ok).toBe(true);
});
