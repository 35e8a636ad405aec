import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TreeManifest } from '../../contracts/artifact.js';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';
import { isUntouched, type BlobCache } from './blob-cache.js';
import { createMeter, forEachAtOnce } from './transfer.js';

/**
 * `cacheDir/trees/<digest>/`: folders that are whole from the moment they have that name, because they are built beside it and
 * renamed. Any number of processes may ask for one at once. One that lost or changed a file since is mended, file by file.
 */
export function createTreeCache(blobs: BlobCache, cacheDir: string) {
  async function build(folder: string, manifest: TreeManifest, options: TransferOptions): Promise<void> {
    const work = await blobs.temporary();
    const meter = createMeter(totalsOf(manifest), options);
    try {
      await mkdir(work);
      await forEachAtOnce(manifest.entries, options.signal, async (entry) => {
        const onReceived = meter.part();
        await blobs.place(entry, join(work, entry.path), options, onReceived);
        onReceived(entry.bytes, true);
      });
      await mkdir(dirname(folder), { recursive: true });
      const isOurs = await rename(work, folder).then(() => true, unlessTaken);
      if (!isOurs) await mend(folder, manifest, options);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async function mend(folder: string, manifest: TreeManifest, options: TransferOptions): Promise<void> {
    const expected = new Set(manifest.entries.map((entry) => entry.path));
    const present = await filesBelow(folder);
    for (const path of present) if (!expected.has(path)) await rm(join(folder, path), { force: true });
    await forEachAtOnce(manifest.entries, options.signal, async (entry) => {
      const file = join(folder, entry.path);
      if (await isUntouched(file, entry.bytes)) return;
      await blobs.place(entry, file, options, () => {});
    });
  }

  return {
    /** The folder of the tree, built or mended. */
    async folderOf(digest: string, manifest: TreeManifest, options: TransferOptions): Promise<string> {
      const folder = join(cacheDir, 'trees', digest);
      const isThere = await readdir(folder).then(
        () => true,
        () => false,
      );
      await (isThere ? mend(folder, manifest, options) : build(folder, manifest, options));
      return folder;
    },
  };
}

async function filesBelow(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const nested = entries.map(async (entry) =>
    entry.isDirectory() ? filesBelow(folder, `${prefix}${entry.name}/`) : [prefix + entry.name],
  );
  return (await Promise.all(nested)).flat();
}

function totalsOf(manifest: TreeManifest): { files: number; bytes: number } {
  return { files: manifest.entries.length, bytes: manifest.entries.reduce((sum, entry) => sum + entry.bytes, 0) };
}

/** False where another process renamed the same tree into place first. */
function unlessTaken(error: unknown): false {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return false;
  throw error;
}
