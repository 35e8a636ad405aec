import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, readdir, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { sha256Of } from '../../activities/artifacts/hash-file.js';
import { readRecord } from '../../activities/artifacts/records.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import { digestOf } from '../../workflows/core/stage-key.js';
import { folderWith, temporaryFolder } from './temporary-folders.js';

const files = {
  'rows.jsonl': '{"a":1}\n',
  'images/one.bin': randomBytes(2_000),
  'images/deep/two.bin': randomBytes(400_000),
  'empty.txt': '',
};

async function storeOver(objects: ObjectStore = createMemoryObjectStore(), cacheDir?: string) {
  const cache = cacheDir ?? (await temporaryFolder());
  return { objects, cache, store: createArtifactStore({ objects, cacheDir: cache }) };
}

/** A store that counts its calls and can be told to fail. */
function watched(objects: ObjectStore) {
  const calls: string[] = [];
  const control = { calls, failPutsOf: (_key: string): boolean => false };
  const note = (method: string, key: string) => calls.push(`${method} ${key}`);
  const store: ObjectStore = {
    description: objects.description,
    head: (key) => (note('head', key), objects.head(key)),
    get: (key) => (note('get', key), objects.get(key)),
    open: (key) => (note('open', key), objects.open(key)),
    async put(key, body, options) {
      note('put', key);
      if (control.failPutsOf(key)) throw new Error(`the connection broke at ${key}`);
      return objects.put(key, body, options);
    },
    upload: (key, file, options) => (note('upload', key), objects.upload(key, file, options)),
    list: (prefix) => objects.list(prefix),
    delete: (key) => objects.delete(key),
  };
  return Object.assign(control, { store });
}

describe('trees', () => {
  test('a saved folder comes back file by file, read-only', async () => {
    const { store } = await storeOver();
    const ref = await store.save(await folderWith(files));
    expect(ref).toMatchObject({ files: 4, bytes: 8 + 2_000 + 400_000 });
    const folder = await store.materialize(ref.digest);
    for (const [path, content] of Object.entries(files)) {
      expect(Buffer.from(content).equals(await readFile(join(folder, path)))).toBe(true);
      expect((await stat(join(folder, path))).mode & 0o222).toBe(0);
    }
    expect(await store.readFile(ref.digest, 'rows.jsonl')).toEqual(Buffer.from(files['rows.jsonl']));
  });

  test('the same files have the same digest, in whatever order they are listed, saved or only hashed', async () => {
    const { store } = await storeOver();
    const root = await folderWith(files);
    const paths = Object.keys(files);
    const ref = await store.save(root);
    expect(await store.saveFiles(root, paths)).toEqual(ref);
    expect(await store.saveFiles(root, [...paths].reverse())).toEqual(ref);
    expect(await store.digestFiles(await folderWith(Object.fromEntries(Object.entries(files).reverse())), paths)).toEqual(ref);
  });

  test('the digest is the sha256 of the canonical manifest, as documented', async () => {
    const { store } = await storeOver();
    const ref = await store.save(await folderWith({ b: 'B', 'a/c': 'C' }));
    const entry = (path: string, content: string) => `{"bytes":1,"path":"${path}","sha256":"${sha256Of(content)}"}`;
    expect(ref.digest).toBe(sha256Of(`{"entries":[${entry('a/c', 'C')},${entry('b', 'B')}],"schemaVersion":1}`));
  });

  test('another content, name or place gives another digest', async () => {
    const { store } = await storeOver();
    const variants: Record<string, string>[] = [{ a: '1' }, { a: '2' }, { b: '1' }, { 'x/a': '1' }, { a: '1', b: '' }, {}];
    const digests = await Promise.all(variants.map(async (variant) => (await store.save(await folderWith(variant))).digest));
    expect(new Set(digests).size).toBe(variants.length);
  });

  test('an empty folder is a tree', async () => {
    const { store } = await storeOver();
    const ref = await store.save(await temporaryFolder());
    expect(ref).toMatchObject({ files: 0, bytes: 0 });
    expect(await readdir(await store.materialize(ref.digest))).toEqual([]);
  });

  test('linked files are saved as files, and a link to its own parent is refused', async () => {
    const { store } = await storeOver();
    const root = await folderWith({ 'real/file': 'content' });
    await symlink(join(root, 'real', 'file'), join(root, 'linked'));
    const ref = await store.save(root);
    expect(String(await store.readFile(ref.digest, 'linked'))).toBe('content');
    await symlink(root, join(root, 'real', 'loop'));
    await expect(store.save(root)).rejects.toMatchObject({ failure: { type: 'InvalidSpec', message: expect.stringContaining('loop') } });
  });

  test.each(['../outside', '/absolute', 'back\\slash', ''])('the path %j is refused', async (path) => {
    const { store } = await storeOver();
    await expect(store.saveFiles(await folderWith({ a: '1' }), [path])).rejects.toMatchObject({ failure: { type: 'InvalidSpec' } });
  });

  test('a listed file that is absent is named', async () => {
    const { store } = await storeOver();
    const saving = store.saveFiles(await folderWith({ a: '1' }), ['a', 'gone.png']);
    await expect(saving).rejects.toMatchObject({ failure: { type: 'DatasetCorrupt', message: expect.stringContaining('gone.png') } });
  });
});

describe('uploads', () => {
  test('a small new tree takes one look for its manifest and one put a file, and a second save one look', async () => {
    const { calls, store: objects } = watched(createMemoryObjectStore());
    const { store } = await storeOver(objects);
    const root = await folderWith(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`file-${n}`, `content ${n}`])));
    await store.save(root);
    expect(calls.filter((call) => call.startsWith('head'))).toHaveLength(1);
    expect(calls.filter((call) => call.startsWith('put'))).toHaveLength(11);
    expect(calls).toHaveLength(12);
    expect(calls.at(-1)).toContain('v1/trees/');
    await store.save(root);
    expect(calls).toHaveLength(13);
  });

  test('a tree that another process saved takes one look', async () => {
    const memory = createMemoryObjectStore();
    const root = await folderWith(files);
    await (await storeOver(memory)).store.save(root);
    const { calls, store: objects } = watched(memory);
    await (await storeOver(objects)).store.save(root);
    expect(calls).toHaveLength(1);
  });

  test('a reader never sees a tree whose upload was interrupted, and saving again completes it', async () => {
    const memory = createMemoryObjectStore();
    const flaky = watched(memory);
    const { store } = await storeOver(flaky.store);
    const root = await folderWith(files);
    const { digest } = await store.digestFiles(root, Object.keys(files));
    for (const cut of [objectKeys.blob(sha256Of(files['images/one.bin'])), objectKeys.tree(digest)]) {
      flaky.failPutsOf = (key) => key === cut;
      await expect(store.save(root)).rejects.toThrow('the connection broke');
      const reader = await storeOver(memory);
      await expect(reader.store.materialize(digest)).rejects.toMatchObject({ failure: { type: 'ArtifactMissing' } });
    }
    flaky.failPutsOf = () => false;
    await store.save(root);
    expect(await readdir(await (await storeOver(memory)).store.materialize(digest))).toHaveLength(3);
  });

  test('a file that changes between hashing and sending is refused, and its old digest stays absent', async () => {
    const { store, objects } = await storeOver();
    const root = await folderWith({ a: 'before' });
    const old = new Date(Date.now() - 60_000);
    await utimes(join(root, 'a'), old, old);
    const { digest } = await store.digestFiles(root, ['a']);
    await writeFile(join(root, 'a'), 'beyond'); // the same size, inode and mtime: the stat cache is deceived
    await utimes(join(root, 'a'), old, old);
    await expect(store.save(root)).rejects.toMatchObject({ failure: { type: 'DigestMismatch' } });
    expect(await objects.head(objectKeys.tree(digest))).toBeNull();
    expect(await objects.head(objectKeys.blob(sha256Of('before')))).toBeNull();
  });

  test('progress ends at the whole tree', async () => {
    const { store } = await storeOver();
    const root = await folderWith(files);
    const seen: unknown[] = [];
    const { digest, bytes } = await store.save(root, { onProgress: (progress) => seen.push(progress) });
    const whole = { files: 4, totalFiles: 4, bytes, totalBytes: bytes };
    expect(seen.at(-1)).toEqual(whole);
    await store.materialize(digest, { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual(whole);
  });

  test('an aborted save ends with the abort', async () => {
    const { store } = await storeOver();
    await expect(store.save(await folderWith(files), { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('damage', () => {
  test('a flipped byte in a blob is a DigestMismatch that names the file, and leaves nothing in the cache', async () => {
    const { store, objects, cache } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    await objects.put(objectKeys.blob(sha256Of(files['images/one.bin'])), flipped(files['images/one.bin']));
    const failure = { failure: { type: 'DigestMismatch', message: expect.stringContaining('images/one.bin') } };
    await expect(store.materialize(digest)).rejects.toMatchObject(failure);
    await expect(store.readFile(digest, 'images/one.bin')).rejects.toMatchObject(failure);
    expect(await readdir(join(cache, 'trees')).catch(() => [])).toEqual([]);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
    const verdict = await store.verify(digest);
    expect(verdict).toEqual({ ok: false, problems: [expect.stringContaining('images/one.bin')] });
  });

  test('a missing blob is ArtifactMissing, and a changed manifest is a DigestMismatch', async () => {
    const { store, objects } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    await objects.delete(objectKeys.blob(sha256Of(files['rows.jsonl'])));
    await expect(store.materialize(digest)).rejects.toMatchObject({
      failure: { type: 'ArtifactMissing', message: expect.stringContaining('rows.jsonl') },
    });
    await objects.put(objectKeys.tree(digest), '{"schemaVersion":1,"entries":[]}');
    await expect((await storeOver(objects)).store.materialize(digest)).rejects.toMatchObject({ failure: { type: 'DigestMismatch' } });
    expect((await store.verify(digest)).problems).toEqual([expect.stringContaining('manifest')]);
  });

  test('a digest that is not there is ArtifactMissing', async () => {
    const { store } = await storeOver();
    await expect(store.materialize('0'.repeat(64))).rejects.toMatchObject({ failure: { type: 'ArtifactMissing' } });
    await expect(store.manifest('0'.repeat(64))).rejects.toMatchObject({ failure: { type: 'ArtifactMissing' } });
    expect(await store.verify('0'.repeat(64))).toMatchObject({ ok: false });
  });
});

describe('the cache', () => {
  test('fifty concurrent materialisations make one copy and download each blob once', async () => {
    const { calls, store: objects } = watched(createMemoryObjectStore());
    const { store, cache } = await storeOver(objects);
    const { digest } = await store.save(await folderWith(files));
    const folders = await Promise.all(Array.from({ length: 50 }, () => store.materialize(digest)));
    expect(new Set(folders).size).toBe(1);
    expect(await readdir(join(cache, 'trees'))).toEqual([digest]);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
    expect(calls.filter((call) => /^(get|open) v1\/blobs/.test(call))).toHaveLength(4);
  });

  test('several stores on one cache, as several processes have, all get the whole tree', async () => {
    const { store, objects, cache } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    const others = await Promise.all(Array.from({ length: 8 }, async () => (await storeOver(objects, cache)).store));
    const folders = await Promise.all(others.map((other) => other.materialize(digest)));
    for (const folder of folders) expect(await readFile(join(folder, 'images/one.bin'))).toEqual(files['images/one.bin']);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });

  test('a tree that is there is not downloaded again, and its blobs serve other trees', async () => {
    const { calls, store: objects } = watched(createMemoryObjectStore());
    const { store } = await storeOver(objects);
    const first = await store.save(await folderWith(files));
    const second = await store.save(await folderWith({ ...files, more: 'one more file' }));
    await store.materialize(first.digest);
    const before = calls.length;
    await store.materialize(first.digest);
    expect(calls).toHaveLength(before);
    await store.materialize(second.digest);
    expect(calls.slice(before).filter((call) => call.includes(' v1/blobs/'))).toEqual([
      `get ${objectKeys.blob(sha256Of('one more file'))}`,
    ]);
  });

  test('a cache that lost, changed or gained files mends itself', async () => {
    const { store } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    const folder = await store.materialize(digest);
    await unlink(join(folder, 'rows.jsonl'));
    await chmod(join(folder, 'images/one.bin'), 0o644);
    await writeFile(join(folder, 'images/one.bin'), randomBytes(2_000)); // the blob is the same file: both are bad now
    await mkdir(join(folder, '__pycache__'));
    await writeFile(join(folder, '__pycache__', 'stray.pyc'), 'x');
    expect(await store.materialize(digest)).toBe(folder);
    expect(String(await readFile(join(folder, 'rows.jsonl')))).toBe(files['rows.jsonl']);
    expect(await readFile(join(folder, 'images/one.bin'))).toEqual(files['images/one.bin']);
    await expect(readFile(join(folder, '__pycache__', 'stray.pyc'))).rejects.toThrow('ENOENT');
  });

  test('deleting the whole cache costs a download and nothing else', async () => {
    const { store, cache } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    await store.materialize(digest);
    await rm(cache, { recursive: true });
    expect(String(await readFile(join(await store.materialize(digest), 'rows.jsonl')))).toBe(files['rows.jsonl']);
  });

  test('an aborted materialisation leaves nothing half, and does not abort who waits beside it', async () => {
    const { store, cache } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    const abort = new AbortController();
    const aborted = store.materialize(digest, { signal: abort.signal, onProgress: () => abort.abort() });
    const waiting = store.materialize(digest);
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(await waiting)).toHaveLength(3);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });

  test('a file that is linked elsewhere is still taken for what it is', async () => {
    const { store, cache } = await storeOver();
    const { digest } = await store.save(await folderWith(files));
    const folder = await store.materialize(digest);
    await link(join(folder, 'rows.jsonl'), join(cache, 'elsewhere'));
    expect(await store.materialize(digest)).toBe(folder);
  });
});

describe('records', () => {
  const record: StageRecord = {
    schemaVersion: 1,
    key: 'a'.repeat(64),
    stage: 'grpo',
    kind: 'grpo',
    implementationVersion: 1,
    params: { epochs: 14 },
    inputs: {},
    outputs: {},
    summary: {},
    standIns: [],
    run: 'run-1',
    startedAt: '2026-11-21T12:00:00Z',
    finishedAt: '2026-11-21T13:00:00Z',
    attempts: 1,
    environment: {},
  };

  test('a key without a record is null, again and again; a found one is asked for once', async () => {
    const { calls, store: objects } = watched(createMemoryObjectStore());
    const { store } = await storeOver(objects);
    expect(await store.record(record.key)).toBeNull();
    expect(await store.record(record.key)).toBeNull();
    await (await storeOver(objects)).store.fileRecord(record);
    const before = calls.length;
    expect(await store.record(record.key)).toMatchObject(record);
    expect(await store.record(record.key)).toMatchObject(record);
    expect(calls.slice(before)).toEqual([`get ${objectKeys.record(record.key)}`]);
  });

  test('of many writers one wins, and all are given the record that won', async () => {
    const objects = createMemoryObjectStore();
    const stores = await Promise.all(Array.from({ length: 20 }, async () => (await storeOver(objects)).store));
    const filed = await Promise.all(stores.map((store, n) => store.fileRecord({ ...record, run: `run-${n}` })));
    expect(new Set(filed.map((winner) => winner.run)).size).toBe(1);
    expect(await (await storeOver(objects)).store.record(record.key)).toEqual(filed[0]);
  });

  /** A record as it was filed, and then as a hand left it. */
  async function edited(edit: (filed: StageRecord) => unknown) {
    const { store, objects } = await storeOver();
    const changed = edit(await store.fileRecord(record));
    await objects.put(objectKeys.record(record.key), typeof changed === 'string' ? changed : JSON.stringify(changed));
    return (await storeOver(objects)).store.record(record.key);
  }

  test.each<[string, (filed: StageRecord) => unknown, string | RegExp]>([
    ['is empty', () => '', 'it is no JSON (Unexpected end of JSON input)'],
    ['is cut off', (filed) => JSON.stringify(filed).slice(0, -40), 'it is no JSON ('],
    ['is no record', () => [], 'expected object, received array'],
    ['lacks a field', ({ outputs: _, ...rest }) => rest, 'outputs: Invalid input: expected record, received undefined'],
    [
      'has a field of another kind',
      (filed) => ({ ...filed, attempts: 'two' }),
      'attempts: Invalid input: expected number, received string, got "two"',
    ],
    ['has an unknown field', (filed) => ({ ...filed, note: 'mine' }), 'unknown field note'],
    [
      'has an unknown field further down',
      (filed) => ({ ...filed, outputs: { out: { digest: 'c'.repeat(64), files: 1, bytes: 1, x: 1 } } }),
      'unknown field outputs.out.x',
    ],
    [
      'is of another key',
      (filed) => ({ ...filed, key: 'b'.repeat(64) }),
      `it is the record of another key, ${'b'.repeat(64)} (stage grpo)`,
    ],
    [
      'has another parameter',
      (filed) => ({ ...filed, params: { epochs: 15 } }),
      /it was edited: its content gives [0-9a-f]{64}, and it was filed with [0-9a-f]{64}/,
    ],
    ['has other outputs', (filed) => ({ ...filed, outputs: { policy: { digest: 'c'.repeat(64), files: 1, bytes: 1 } } }), 'it was edited'],
    ['has another digest', (filed) => ({ ...filed, digest: 'c'.repeat(64) }), 'it was edited'],
  ])('one that %s is refused: the object, what is wrong with it, and the remedy', async (_, edit, told) => {
    await expect(edited(edit)).rejects.toMatchObject({
      failure: {
        type: 'InvalidSpec',
        message: expect.stringMatching(new RegExp(`^record ${objectKeys.record(record.key)} in memory is not as it was filed: `)),
        remedy: expect.stringContaining('judo artifacts verify --discard'),
      },
    });
    await expect(edited(edit)).rejects.toThrow(told);
  });

  test('one of before records had a digest, and one whose fields are in another order, are read', async () => {
    expect(await edited(({ digest: _, ...old }) => old)).toEqual(record);
    expect(await edited((filed) => Object.fromEntries(Object.entries(filed).reverse()))).toMatchObject(record);
  });

  test('one that a newer judo filed is whole, and not read', async () => {
    const newer = { ...record, colour: 'blue' };
    const filed = { ...newer, digest: digestOf(newer) };
    await expect(edited(() => filed)).rejects.toMatchObject({
      failure: {
        message: expect.stringContaining('cannot be read: unknown field colour'),
        remedy: 'A newer judo wrote it: use that version.',
      },
    });
    expect(readRecord(Buffer.from(JSON.stringify(filed)), record.key)).toEqual({ problem: 'unknown field colour', isWhole: true });
    expect(readRecord(Buffer.from(JSON.stringify({ ...filed, run: 'x' })), record.key)).toMatchObject({ isWhole: false });
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[100] = (copy[100] ?? 0) ^ 1;
  return copy;
}
