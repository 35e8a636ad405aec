import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

const MIB = 1 << 20;

/** What every ObjectStore promises. `make` gives an empty store. */
export function testObjectStore(name: string, make: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'judo-upload-'));
      store = await make();
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test('gives back the bytes that were put, whole and as a stream', async () => {
      const body = randomBytes(70_000);
      expect(await store.put('round/trip', body)).toBe('written');
      expect((await store.get('round/trip'))?.equals(body)).toBe(true);
      const stream = await store.open('round/trip');
      expect(stream && (await buffer(stream)).equals(body)).toBe(true);
      expect(await store.head('round/trip')).toMatchObject({ key: 'round/trip', bytes: 70_000 });
    });

    test('keeps an empty object', async () => {
      await store.put('empty', '');
      expect(await store.get('empty')).toEqual(Buffer.alloc(0));
      expect(await store.head('empty')).toMatchObject({ bytes: 0 });
    });

    test('a missing key is null and no error', async () => {
      expect(await store.head('not/there')).toBeNull();
      expect(await store.get('not/there')).toBeNull();
      expect(await store.open('not/there')).toBeNull();
      await expect(store.delete('not/there')).resolves.toBeUndefined();
    });

    test('a folder of keys is no object', async () => {
      await store.put('folder/of/keys', 'x');
      expect(await store.get('folder/of')).toBeNull();
      expect(await store.head('folder')).toBeNull();
      expect(await store.get('folder/of/keys/below')).toBeNull();
    });

    test('a plain put replaces what was there', async () => {
      await store.put('replaced', 'first');
      expect(await store.put('replaced', 'second')).toBe('written');
      expect(String(await store.get('replaced'))).toBe('second');
    });

    test('of fifty writers that put a key if it is absent exactly one wins, and its bytes stay', async () => {
      const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => store.put('race', `writer ${n}`, { ifAbsent: true })));
      expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
      expect(String(await store.get('race'))).toBe(`writer ${outcomes.indexOf('written')}`);
    });

    test('fifty concurrent writers of fifty keys all find their own bytes', async () => {
      const keys = Array.from({ length: 50 }, (_, n) => `many/${n % 5}/${n}`);
      await Promise.all(keys.map((key) => store.put(key, key)));
      expect((await Promise.all(keys.map((key) => store.get(key)))).map(String)).toEqual(keys);
    });

    test.each([0, 1, 8 * MIB, 20 * MIB + 7])('uploads a file of %d bytes and reports progress to its end', async (bytes) => {
      const body = randomBytes(bytes);
      const file = join(folder, `file-${bytes}`);
      await writeFile(file, body);
      let sent = 0;
      await store.upload(`uploaded/${bytes}`, file, { bytes, onProgress: (sentBytes) => (sent = sentBytes) });
      expect(sent).toBe(bytes);
      const stored = await store.get(`uploaded/${bytes}`);
      expect(stored?.equals(body)).toBe(true);
      expect(await store.head(`uploaded/${bytes}`)).toMatchObject({ bytes });
    });

    test.each([1000, 17 * MIB])('a file of %d bytes that is not what was promised is refused, and nothing is stored', async (bytes) => {
      const file = join(folder, `changed-${bytes}`);
      await writeFile(file, randomBytes(bytes));
      const sha256 = createHash('sha256').update('something else').digest('hex');
      const key = `changed/${bytes}`;
      await expect(store.upload(key, file, { bytes, sha256 })).rejects.toMatchObject({ failure: { type: 'DigestMismatch' } });
      await expect(store.upload(key, file, { bytes: bytes - 1 })).rejects.toMatchObject({ failure: { type: 'DigestMismatch' } });
      await expect(store.upload(key, file, { bytes: bytes + 1 })).rejects.toMatchObject({ failure: { type: 'DigestMismatch' } });
      expect(await store.head(key)).toBeNull();
    });

    test('an aborted upload stores nothing and throws the abort', async () => {
      const file = join(folder, 'aborted');
      await writeFile(file, randomBytes(20 * MIB));
      const abort = new AbortController();
      const uploading = store.upload('aborted', file, { bytes: 20 * MIB, signal: abort.signal, onProgress: () => abort.abort() });
      await expect(uploading).rejects.toMatchObject({ name: 'AbortError' });
      expect(await store.head('aborted')).toBeNull();
    });

    test('lists every key below a prefix once, with its size, over more than one page', async () => {
      const keys = Array.from({ length: 1_050 }, (_, n) => `page/${n % 7}/${n}`);
      for (let start = 0; start < keys.length; start += 50)
        await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, 'ab')));
      await store.put('pages-not-below', 'x');
      const listed = [];
      for await (const object of store.list('page/')) listed.push(object);
      expect(listed.map((object) => object.key).sort()).toEqual([...keys].sort());
      expect(listed.every((object) => object.bytes === 2)).toBe(true);
      expect(await keysOf(store, 'page/3/10')).toEqual(keys.filter((key) => key.startsWith('page/3/10')).sort());
      expect(await keysOf(store, 'no/such/')).toEqual([]);
    });

    test('a deleted object is gone, and its key can be used again', async () => {
      await store.put('deleted/a', 'x');
      await store.delete('deleted/a');
      expect(await store.get('deleted/a')).toBeNull();
      expect(await keysOf(store, 'deleted/')).toEqual([]);
      expect(await store.put('deleted/a', 'y', { ifAbsent: true })).toBe('written');
    });

    test.each([
      'with space',
      'plus+and%25percent',
      'ümlaut/日本/🙂',
      'quotes\'"',
      'a=b&c?d#e',
      '-dash',
      '.hidden',
      'tilde~',
      'x'.repeat(255),
    ])('keeps the key %j as it is', async (key) => {
      await store.put(`odd/${key}`, key);
      expect(String(await store.get(`odd/${key}`))).toBe(key);
      expect(await keysOf(store, `odd/${key}`)).toEqual([`odd/${key}`]);
    });

    test.each(['', '/lead', 'trail/', 'a//b', '../up', 'a/./b', 'nul\0', 'back\\slash', 'y'.repeat(256), 'half\ud800'])(
      'refuses the key %j as an invalid one',
      async (key) => {
        await expect(store.put(key, 'x')).rejects.toMatchObject({ failure: { type: 'InvalidSpec' } });
      },
    );
  });
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}
