import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectKeys, type TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { createCondemnedReader } from './condemned.js';
import { sha256Of } from './hash-file.js';
import { createMeter, forEachAtOnce } from './transfer.js';
import type { Tree } from './tree.js';

/** Below this a conditional put is one round trip where looking first would be two. */
const SMALL_BYTES = 256 << 10;

/** How long a blob that was seen in the store is taken to be there. Short, because `verify --discard` and the collector remove some. */
const KNOWN_MS = 5 * 60_000;

/**
 * Uploads trees. Remembers for a while which blobs it has seen in the store, and sends or asks for those not twice. What the
 * collector has on a list is written again although it is there: so it survives the sweep, before anything refers to it.
 */
export function createTreeUploader(objects: ObjectStore) {
  const condemnedReader = createCondemnedReader(objects);
  const seen = new Map<string, number>();
  let seenInState = '';
  const isKnown = (key: string) => Date.now() - (seen.get(key) ?? 0) < KNOWN_MS;

  async function uploadBlob(
    root: string,
    entry: TreeEntry,
    { isCondemned, ...options }: TransferOptions & { isCondemned: boolean },
    onSent: (bytes: number, isWhole?: boolean) => void,
  ): Promise<void> {
    const key = objectKeys.blob(entry.sha256);
    const file = join(root, entry.path);
    if (entry.bytes <= SMALL_BYTES) {
      const body = await readFile(file);
      const got = sha256Of(body);
      if (got !== entry.sha256) throw changed(file, entry.sha256, got);
      await objects.put(key, body, { ifAbsent: !isCondemned });
    } else if (isCondemned || (await objects.head(key))?.bytes !== entry.bytes) {
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

  /**
   * One try; false when the collector's lists changed meanwhile, so that some of it may be gone again. The manifest is written
   * only when no sweep can delete a blob of it any more: a manifest in the store never names a blob that is not.
   */
  async function send(root: string, tree: Tree, options: TransferOptions): Promise<boolean> {
    const condemned = await condemnedReader.look();
    if (condemned.state !== seenInState) seen.clear();
    seenInState = condemned.state;
    const key = objectKeys.tree(tree.ref.digest);
    const isThere = (await objects.head(key)) !== null;
    const blobs = [...new Map(tree.manifest.entries.map((entry) => [objectKeys.blob(entry.sha256), entry])).entries()];
    const again = new Set(blobs.map(([blob]) => blob).filter(condemned.has));
    if (isThere && again.size === 0 && !condemned.has(key)) return true;
    const isUnchanged = async () => (await condemnedReader.lookAtRest(options.signal)).state === condemned.state;
    const meter = createMeter(tree.ref, options);
    const missing = blobs.filter(([blob]) => again.has(blob) || (!isThere && !isKnown(blob)));
    await forEachAtOnce(missing, options.signal, ([blob, entry]) =>
      uploadBlob(root, entry, { ...options, isCondemned: again.has(blob) }, meter.part()),
    );
    if (again.size > 0 && !(await isUnchanged())) return false;
    await objects.put(key, tree.text, { contentType: 'application/json' });
    return !condemned.has(key) || (await isUnchanged());
  }

  return {
    /** Uploads the blobs that are missing, then the manifest: a tree whose manifest is there is whole. */
    async upload(root: string, tree: Tree, options: TransferOptions): Promise<void> {
      while (!(await send(root, tree, options)));
      createMeter(tree.ref, options).finished();
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
