import { createReadStream } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import { assertObjectKey } from './object-key.js';
import { uploadPieces } from './upload-source.js';

const PIECE_BYTES = 1 << 20;
/** Files being written; renamed or linked into place when whole. No key starts with it, and `list` skips it. */
const INCOMING = '.incoming';

/**
 * An ObjectStore in a folder, one file an object. Writes are atomic and survive a power cut (temporary file, fsync, rename);
 * `ifAbsent` is link(2), so that of any number of processes exactly one wins.
 */
export function createFileSystemObjectStore(root: string): ObjectStore {
  const place = (key: string) => {
    assertObjectKey(key);
    return join(root, key);
  };

  /** Writes a temporary file by `fill`, then puts it at `key`: over what is there, or only where nothing is. */
  async function commit(key: string, fill: (handle: FileHandle) => Promise<void>, ifAbsent: boolean): Promise<'written' | 'exists'> {
    const target = place(key);
    const incoming = join(root, INCOMING, randomUUID());
    try {
      await mkdir(join(root, INCOMING), { recursive: true });
      await mkdir(dirname(target), { recursive: true });
      const handle = await open(incoming, 'wx');
      try {
        await fill(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (ifAbsent) {
        try {
          await link(incoming, target);
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return 'exists';
          throw error;
        }
      } else await rename(incoming, target);
      await syncFolder(dirname(target));
      return 'written';
    } catch (error) {
      throw toStageError(error, root, key);
    } finally {
      await rm(incoming, { force: true });
    }
  }

  return {
    description: `folder ${root}`,
    async head(key) {
      const info = await orNull(stat(place(key)), root, key);
      return info?.isFile() ? { key, bytes: info.size, modified: info.mtime } : null;
    },
    get: (key) => orNull(readFile(place(key)), root, key),
    async open(key) {
      const handle = await orNull(open(place(key), 'r'), root, key);
      return handle ? createReadStream('', { fd: handle }) : null;
    },
    async put(key, body, options = {}) {
      if (options.ifAbsent && (await orNull(stat(place(key)), root, key))) return 'exists';
      return commit(key, (handle) => handle.writeFile(body), options.ifAbsent ?? false);
    },
    async upload(key, file, options) {
      let sent = 0;
      const copy = async (handle: FileHandle) => {
        for await (const piece of uploadPieces(file, options, PIECE_BYTES)) {
          options.signal?.throwIfAborted();
          await handle.writeFile(piece);
          options.onProgress?.((sent += piece.length));
        }
      };
      await commit(key, copy, false);
    },
    list: (prefix) => walk(root, '', prefix),
    async delete(key) {
      await orNull(unlink(place(key)), root, key);
    },
  };
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const entries = (await orNull(readdir(join(root, folder), { withFileTypes: true }), root, folder)) ?? [];
  const names = entries.map((entry) => ({ key: folder + entry.name + (entry.isDirectory() ? '/' : ''), isFolder: entry.isDirectory() }));
  names.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { key, isFolder } of names) {
    if (key === `${INCOMING}/`) continue;
    if (isFolder && (key.startsWith(prefix) || prefix.startsWith(key))) yield* walk(root, key, prefix);
    if (isFolder || !key.startsWith(prefix)) continue;
    const info = await orNull(stat(join(root, key)), root, key);
    if (info) yield { key, bytes: info.size, modified: info.mtime };
  }
}

/** Null when there is no such object; `a/b` below an object `a`, and a folder `a`, are no objects either. */
async function orNull<T>(read: Promise<T>, root: string, key: string): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '')) return null;
    throw toStageError(error, root, key);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function toStageError(error: unknown, root: string, key: string): unknown {
  const code = codeOf(error);
  const at = `object ${key} in folder ${root}`;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StageError(
      { type: 'Transient', message: `disk full: ${at} was not written (${code})`, remedy: `Free space on the disk of ${root}.` },
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StageError(
      { type: 'InvalidSpec', message: `no permission: ${at} (${code})`, remedy: `Give this user the folder ${root}.` },
      { cause: error },
    );
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST')
    return new StageError(
      {
        type: 'InvalidSpec',
        message: `${at} cannot be written: a key may not lie below another object (${code})`,
        remedy: 'Choose another key.',
      },
      { cause: error },
    );
  return error;
}
