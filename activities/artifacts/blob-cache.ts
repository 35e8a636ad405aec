import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, open, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { objectKeys, type TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { sha256Of } from './hash-file.js';

/** Every file of the cache carries this mtime: one that was written to since then shows it. 2000-01-01. */
const CACHED_MTIME_S = 946_684_800;
const READ_ONLY = 0o444;
/** Files from this size are streamed, and synced to disk. After a power cut smaller ones show a wrong size at worst, and thousands of syncs take minutes. */
const SYNC_BYTES = 1 << 20;
/** What a killed process left in the temporary folder is removed at this age. */
const ABANDONED_MS = 2 * 24 * 3_600_000;

const REMEDY =
  'Restore the object from a backup; or run `judo artifacts verify DIGEST --discard`, which removes what is damaged, and then make it ' +
  'again with `judo run RECIPE --force STAGE`.';

/** Verified blobs on this machine's disk, one file a sha256, hard-linked into the trees that hold them. */
export interface BlobCache {
  /** A path of its own in the cache's temporary folder, on the same file system. */
  temporary(): Promise<string>;
  /** The blob's bytes, verified; from this machine where it has them. */
  read(entry: TreeEntry): Promise<Buffer>;
  /** Puts the blob at `target`, over what is there. Downloads and verifies it where the cache has it not. */
  place(entry: TreeEntry, target: string, options: TransferOptions, onReceived: (bytes: number) => void): Promise<void>;
}

export function createBlobCache(objects: ObjectStore, cacheDir: string): BlobCache {
  const temporaryFolder = join(cacheDir, 'tmp');
  let swept: Promise<void> | undefined;
  const downloads = new Map<string, Promise<void>>();
  const pathOf = (entry: TreeEntry) => join(cacheDir, 'blobs', entry.sha256.slice(0, 2), entry.sha256);

  async function temporary(): Promise<string> {
    await (swept ??= sweep(temporaryFolder));
    await mkdir(temporaryFolder, { recursive: true }); // somebody may have emptied the cache meanwhile
    return join(temporaryFolder, randomUUID());
  }

  /** Into a temporary file, renamed when its digest is right: a blob in the cache is whole. */
  async function download(entry: TreeEntry, blob: string, options: TransferOptions, onReceived: (bytes: number) => void): Promise<void> {
    const incoming = await temporary();
    try {
      await receive(objects, entry, incoming, options, onReceived);
      await chmod(incoming, READ_ONLY);
      await utimes(incoming, CACHED_MTIME_S, CACHED_MTIME_S);
      await mkdir(dirname(blob), { recursive: true });
      await rename(incoming, blob);
    } catch (error) {
      throw withFullDiskNamed(error, cacheDir);
    } finally {
      await rm(incoming, { force: true });
    }
  }

  async function place(entry: TreeEntry, target: string, options: TransferOptions, onReceived: (bytes: number) => void): Promise<void> {
    const blob = pathOf(entry);
    if (!(await isUntouched(blob, entry.bytes))) {
      const running = downloads.get(blob);
      if (running) {
        await running.catch(() => {}); // another caller's failure or abort is not ours
        return place(entry, target, options, onReceived);
      }
      const downloading = download(entry, blob, options, onReceived);
      downloads.set(blob, downloading);
      await downloading.finally(() => downloads.delete(blob));
    }
    await mkdir(dirname(target), { recursive: true });
    if (await tryLink(blob, target)) return;
    const incoming = await temporary();
    try {
      if (!(await tryLink(blob, incoming))) await copy(blob, incoming);
      await rename(incoming, target);
    } finally {
      await rm(incoming, { force: true }); // rename leaves it when both are links to one file already
    }
  }

  async function read(entry: TreeEntry): Promise<Buffer> {
    const cached = await readFile(pathOf(entry)).catch(() => null);
    if (cached !== null && sha256Of(cached) === entry.sha256) return cached;
    const body = await objects.get(objectKeys.blob(entry.sha256));
    if (body === null) throw blobMissing(entry, objects);
    const got = sha256Of(body);
    if (got !== entry.sha256) throw blobDamaged(entry, objects, got);
    return body;
  }

  return { temporary, place, read };
}

/** Whether a file of the cache is as it was put there. Cheap: size and mtime, no reading. */
export async function isUntouched(file: string, bytes: number): Promise<boolean> {
  const info = await lstat(file).catch(() => null);
  return info !== null && info.isFile() && info.size === bytes && info.mtimeMs === CACHED_MTIME_S * 1000;
}

/** Writes a blob into a new file and compares its digest. */
async function receive(
  objects: ObjectStore,
  entry: TreeEntry,
  file: string,
  { signal }: TransferOptions,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const key = objectKeys.blob(entry.sha256);
  if (entry.bytes < SYNC_BYTES) {
    const bytes = await objects.get(key);
    signal?.throwIfAborted();
    if (bytes === null) throw blobMissing(entry, objects);
    if (sha256Of(bytes) !== entry.sha256) throw blobDamaged(entry, objects, sha256Of(bytes));
    await writeFile(file, bytes, { flag: 'wx' });
    return onReceived(bytes.length);
  }
  const body = await objects.open(key);
  if (body === null) throw blobMissing(entry, objects);
  const hash = createHash('sha256');
  const handle = await open(file, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await handle.writeFile(chunk);
      onReceived((bytes += chunk.length));
    }
    await handle.datasync();
  } finally {
    body.destroy();
    await handle.close();
  }
  const got = hash.digest('hex');
  if (got !== entry.sha256) throw blobDamaged(entry, objects, got);
}

/** A tree names a blob that the store has not. */
export function blobMissing(entry: TreeEntry, objects: ObjectStore): StageError {
  return new StageError({
    type: 'ArtifactMissing',
    message: `${entry.path} is missing: ${objects.description} has no object ${objectKeys.blob(entry.sha256)}`,
    remedy: REMEDY,
  });
}

/** A blob's bytes are not those of its name. */
export function blobDamaged(entry: TreeEntry, objects: ObjectStore, got: string): StageError {
  return new StageError({
    type: 'DigestMismatch',
    message: `${entry.path} is damaged: object ${objectKeys.blob(entry.sha256)} in ${objects.description} has sha256 ${got}`,
    remedy: REMEDY,
  });
}

/** Hard links cost nothing. False where `to` is taken, where the file system has none, or where the file has all it may have. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (['EEXIST', 'EMLINK', 'EPERM', 'ENOTSUP', 'EXDEV'].includes(code)) return false;
    throw error;
  }
}

async function copy(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, READ_ONLY);
  await utimes(to, CACHED_MTIME_S, CACHED_MTIME_S);
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info && Date.now() - info.ctimeMs > ABANDONED_MS) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function withFullDiskNamed(error: unknown, cacheDir: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new StageError(
    {
      type: 'Transient',
      message: `the disk of the artifact cache ${cacheDir} is full`,
      remedy: `Free space there; ${cacheDir}/trees may be deleted at any time.`,
    },
    { cause: error },
  );
}
