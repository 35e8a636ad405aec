import { appendFile, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createStatCache } from '../../activities/artifacts/stat-cache.js';
import { folderWith } from './temporary-folders.js';

const sha256 = 'a'.repeat(64);
const longAgo = new Date('2020-01-01');

async function cacheWithFile() {
  const folder = await folderWith({ file: 'content' });
  const file = join(folder, 'file');
  await utimes(file, longAgo, longAgo);
  const path = join(folder, 'stat-cache.jsonl');
  return { file, path, cache: createStatCache(path), look: () => stat(file, { bigint: true }) };
}

test('an unchanged file is remembered by the next process', async () => {
  const { cache, file, path, look } = await cacheWithFile();
  cache.set(file, await look(), sha256);
  await cache.flush();
  expect(await createStatCache(path).get(file, await look())).toBe(sha256);
});

test('a file of another size, time or inode is not', async () => {
  const { cache, file, look } = await cacheWithFile();
  cache.set(file, await look(), sha256);
  await utimes(file, longAgo, new Date('2020-01-02'));
  expect(await cache.get(file, await look())).toBeUndefined();
  await writeFile(file, 'longer content');
  await utimes(file, longAgo, longAgo);
  expect(await cache.get(file, await look())).toBeUndefined();
});

test('a file written this very moment is not remembered, for it may be written again within one tick of the clock', async () => {
  const { cache, file, look } = await cacheWithFile();
  await writeFile(file, 'now');
  cache.set(file, await look(), sha256);
  expect(await cache.get(file, await look())).toBeUndefined();
});

test('torn, garbled and foreign lines are skipped, and what is appended after them counts', async () => {
  const { file, path, look } = await cacheWithFile();
  await writeFile(path, '["/torn/line","7:1:');
  const writer = createStatCache(path);
  writer.set(file, await look(), sha256);
  await writer.flush();
  await appendFile(path, '\u0000\u0000\n{"not":"a line"}\n["x",1,2]\n');
  expect(await createStatCache(path).get(file, await look())).toBe(sha256);
  await truncate(path, 10);
  expect(await createStatCache(path).get(file, await look())).toBeUndefined();
});

test('many writers at once lose no line', async () => {
  const { file, path, look } = await cacheWithFile();
  const info = await look();
  await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const cache = createStatCache(path);
      for (let m = 0; m < 50; m += 1) cache.set(`${file}-${n}-${m}`, info, sha256);
      await cache.flush();
    }),
  );
  const reader = createStatCache(path);
  for (let n = 0; n < 30; n += 1) for (let m = 0; m < 50; m += 1) expect(await reader.get(`${file}-${n}-${m}`, info)).toBe(sha256);
});

test('a file of mostly outdated lines is rewritten with those that count', async () => {
  const { file, path, look } = await cacheWithFile();
  const identity = await look().then((info) => `${info.size}:${info.mtimeNs}:${info.ino}`);
  const lines = Array.from({ length: 2_000 }, () => JSON.stringify([file, identity, sha256]));
  await writeFile(path, lines.join('\n'));
  expect(await createStatCache(path).get(file, await look())).toBe(sha256);
  expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(1);
});
