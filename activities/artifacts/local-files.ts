import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import PQueue from 'p-queue';
import type { TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { hashFile } from './hash-file.js';
import type { StatCache } from './stat-cache.js';
import { assertTreePath } from './tree.js';

const FILES_AT_ONCE = 8;

/** Every file below a folder, as paths relative to it. Links are followed; folders without files leave no trace. */
export async function listFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  const visit = async (folder: string, ancestors: readonly string[]): Promise<void> => {
    const real = await realpath(join(root, folder)).catch((error: unknown) => {
      throw missing(join(root, folder), error);
    });
    if (ancestors.includes(real)) throw invalid(join(root, folder), 'is a link to a folder that holds it', 'Remove the link.');
    for (const entry of await readdir(real, { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const info = entry.isSymbolicLink() ? await statFile(root, path) : entry;
      if (info.isDirectory()) await visit(path, [...ancestors, real]);
      else if (info.isFile()) files.push(path);
      else throw invalid(join(root, path), 'is neither a file nor a folder', 'A tree holds files only: remove it.');
    }
  };
  await visit('', []);
  return files.sort();
}

/** Hashes files, unchanged ones from the cache. The entries are in the order of the paths. */
export async function hashEntries(root: string, paths: readonly string[], cache: StatCache, signal?: AbortSignal): Promise<TreeEntry[]> {
  const queue = new PQueue({ concurrency: FILES_AT_ONCE });
  try {
    return await queue.addAll(
      paths.map((path) => async () => {
        signal?.throwIfAborted();
        return hashEntry(root, path, cache, signal);
      }),
    );
  } finally {
    queue.clear();
    await cache.flush();
  }
}

async function hashEntry(root: string, path: string, cache: StatCache, signal?: AbortSignal): Promise<TreeEntry> {
  assertTreePath(path, root);
  const file = resolve(root, path);
  const before = await statFile(root, path);
  if (!before.isFile()) throw invalid(file, 'is no file', 'A tree holds files only.');
  const known = await cache.get(file, before);
  if (known !== undefined) return { path, sha256: known, bytes: Number(before.size) };
  const { sha256, bytes } = await hashFile(file, signal);
  const after = await statFile(root, path);
  if (bytes !== Number(after.size) || before.mtimeNs !== after.mtimeNs)
    throw new StageError({
      type: 'Transient',
      message: `${file} was written to while it was being read`,
      remedy: 'Stop whatever writes to it.',
    });
  cache.set(file, after, sha256);
  return { path, sha256, bytes };
}

async function statFile(root: string, path: string): Promise<BigIntStats> {
  const file = join(root, path);
  return stat(file, { bigint: true }).catch((error: unknown) => {
    throw missing(file, error);
  });
}

function missing(file: string, cause: unknown): StageError {
  return new StageError(
    {
      type: 'DatasetCorrupt',
      message: `${file} cannot be read: ${String(cause)}`,
      remedy: 'Restore the file, or take it out of the list.',
    },
    { cause },
  );
}

function invalid(file: string, problem: string, remedy: string): StageError {
  return new StageError({ type: 'InvalidSpec', message: `${file} ${problem}`, remedy });
}
