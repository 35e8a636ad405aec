import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectKeys, type TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { sha256Of } from './hash-file.js';
import { createMeter, forEachAtOnce } from './transfer.js';
import type { Tree } from './tree.js';

/** Below this a conditional put is one round trip where looking first would be two. */
const SMALL_BYTES = 256 << 10;

/** How long a blob that was seen in the store is taken to be there. Short, because `verify --discard` and the collector remove some. */
const KNOWN_MS = 5 * 60_000;

/** Uploads trees. Remembers for a while which blobs it has seen in the store, and sends or asks for those not twice. */
export function createTreeUploader(objects: ObjectStore) {
  const seen = new Map<string, number>();
  const isKnown = (key: string) => Date.now() - (seen.get(key) ?? 0) < KNOWN_MS;

  async function uploadBlob(
    root: string,
    entry: TreeEntry,
    options: TransferOptions,
    onSent: (bytes: number, isWhole?: boolean) => void,
  ): Promise<void> {
    const key = objectKeys.blob(entry.sha256);
    const file = join(root, entry.path);
    if (entry.bytes <= SMALL_BYTES) {
      const body = await readFile(file);
      const got = sha256Of(body);
      if (got !== entry.sha256) throw changed(file, entry.sha256, got);
      await objects.put(key, body, { ifAbsent: true });
    } else if ((await objects.head(key))?.bytes !== entry.bytes) {
      const { signal } = options;
      await objects.upload(key, file, {
        bytes: entry.bytes,
        sha256: entry.sha256,
        onProgress: (sent) => onSent(sent),
        ...(signal && { signal }),
      });
    }
    onSent(entry.bytes, true);
    seen.set(key, Date.now());
  }

  return {
    /** Uploads the blobs that are missing, then the manifest: a tree whose manifest is there is whole. */
    async upload(root: string, tree: Tree, options: TransferOptions): Promise<void> {
      const key = objectKeys.tree(tree.ref.digest);
      const meter = createMeter(tree.ref, options);
      if ((await objects.head(key)) === null) {
        const distinct = [...new Map(tree.manifest.entries.map((entry) => [entry.sha256, entry])).values()];
        const missing = distinct.filter((entry) => !isKnown(objectKeys.blob(entry.sha256)));
        await forEachAtOnce(missing, options.signal, (entry) => uploadBlob(root, entry, options, meter.part()));
        await objects.put(key, tree.text, { contentType: 'application/json' });
      }
      meter.finished();
    },
    /** What was found missing or damaged is sent again by the next upload. */
    forget(key: string): void {
      seen.delete(key);
    },
  };
}

function changed(file: string, expected: string, got: string): StageError {
  return new StageError({
    type: 'DigestMismatch',
    message: `${file} changed while it was being saved: expected sha256 ${expected}, got ${got}`,
    remedy: 'Stop whatever writes to this file and save again; nothing of it was stored.',
  });
}
