import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { objectKeys, type TreeManifest } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ArtifactStore, TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { createBlobCache } from './blob-cache.js';
import { sha256Of } from './hash-file.js';
import { hashEntries, listFiles } from './local-files.js';
import { snapshotRecords } from './record-snapshot.js';
import { createRecords } from './records.js';
import { createStatCache } from './stat-cache.js';
import { createTreeCache } from './tree-cache.js';
import { parseTree, treeOf } from './tree.js';
import { createTreeUploader } from './upload-tree.js';
import { verifyTree } from './verify-tree.js';

/** A manifest of MMAD's size is 1 MB in memory. */
const MANIFESTS_REMEMBERED = 32;

/**
 * The ArtifactStore over any ObjectStore. `cacheDir` belongs to one machine and may be shared by its processes; deleting it at
 * rest costs time only. Keys are those of `objectKeys`: `v1/blobs/…` files, `v1/trees/…` manifests, `v1/records/…`.
 */
export function createArtifactStore({ objects, cacheDir: directory }: { objects: ObjectStore; cacheDir: string }): ArtifactStore {
  const cacheDir = resolve(directory);
  const stats = createStatCache(join(cacheDir, 'stat-cache.jsonl'));
  const uploader = createTreeUploader(objects);
  const blobs = createBlobCache(objects, cacheDir);
  const trees = createTreeCache(blobs, cacheDir);
  const manifests = new Map<string, TreeManifest>();
  const materializing = new Map<string, Promise<string>>();

  const treeBelow = async (root: string, paths: readonly string[], { signal }: TransferOptions) =>
    treeOf(await hashEntries(root, paths, stats, signal));

  async function saveFiles(root: string, paths: readonly string[], options: TransferOptions = {}) {
    const tree = await treeBelow(root, paths, options);
    await uploader.upload(root, tree, options);
    return tree.ref;
  }

  async function manifest(digest: string): Promise<TreeManifest> {
    const remembered = manifests.get(digest);
    if (remembered) return remembered;
    const read = await readManifest(digest);
    if (manifests.size >= MANIFESTS_REMEMBERED) manifests.clear();
    manifests.set(digest, read);
    return read;
  }

  async function readManifest(digest: string): Promise<TreeManifest> {
    const local = join(cacheDir, 'manifests', `${digest}.json`);
    const cached = await readFile(local).catch(() => null);
    if (cached !== null && sha256Of(cached) === digest) return parseTree(digest, cached, local);
    const text = await objects.get(objectKeys.tree(digest));
    if (text === null) throw treeMissing(digest, objects);
    const read = parseTree(digest, text, `${objectKeys.tree(digest)} in ${objects.description}`);
    await keepFile(local, await blobs.temporary(), text);
    return read;
  }

  /** One build a digest and process. Who waited for another's build that failed or was aborted tries for himself. */
  async function materialize(digest: string, options: TransferOptions = {}): Promise<string> {
    for (;;) {
      options.signal?.throwIfAborted();
      const running = materializing.get(digest);
      if (running === undefined) break;
      await unlessAborted(
        running.catch(() => {}),
        options.signal,
      );
      const folder = await running.catch(() => null);
      if (folder !== null) return folder;
    }
    const building = manifest(digest).then((tree) => trees.folderOf(digest, tree, options));
    materializing.set(digest, building);
    return building.finally(() => materializing.delete(digest));
  }

  return {
    save: async (folder, options) => saveFiles(folder, await listFiles(folder), options),
    saveFiles,
    digestFiles: async (root, paths, options = {}) => (await treeBelow(root, paths, options)).ref,
    manifest,
    materialize,
    async readFile(digest, path) {
      const entry = (await manifest(digest)).entries.find((candidate) => candidate.path === path);
      if (entry === undefined) throw fileMissing(digest, path);
      return blobs.read(entry);
    },
    verify: (digest, options = {}) => verifyTree(objects, digest, options, uploader.forget),
    ...createRecords(objects),
    snapshotRecords: () => snapshotRecords(objects, cacheDir),
  };
}

async function keepFile(file: string, temporary: string, text: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await work);
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    done.abort();
  }
}

/** No tree of this digest in the store. */
export function treeMissing(digest: string, objects: ObjectStore): StageError {
  return new StageError({
    type: 'ArtifactMissing',
    message: `there is no artifact ${digest} in ${objects.description}`,
    remedy: '`judo artifacts ls` lists those that are there; `judo run` makes a missing one again.',
  });
}

function fileMissing(digest: string, path: string): StageError {
  return new StageError({
    type: 'ArtifactMissing',
    message: `artifact ${digest} holds no file ${path}`,
    remedy: `\`judo artifacts ls ${digest}\` lists its files.`,
  });
}
