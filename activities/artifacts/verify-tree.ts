import { createHash } from 'node:crypto';
import { objectKeys, type TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { blobDamaged, blobMissing } from './blob-cache.js';
import { createMeter, forEachAtOnce } from './transfer.js';
import { parseTree } from './tree.js';

/**
 * Reads a tree's manifest and every blob from the store itself, past all caches, and compares digests.
 * `onBad` hears the key of each object that is missing or damaged. An unreachable store is thrown, not reported as damage.
 */
export async function verifyTree(
  objects: ObjectStore,
  digest: string,
  options: TransferOptions,
  onBad: (key: string) => void = () => {},
): Promise<{ ok: boolean; problems: string[] }> {
  const problems: string[] = [];
  const note = (error: unknown, key: string) => {
    if (!(error instanceof StageError) || !['ArtifactMissing', 'DigestMismatch'].includes(error.failure.type)) throw error;
    problems.push(error.message);
    onBad(key);
  };
  const treeKey = objectKeys.tree(digest);
  const text = await objects.get(treeKey);
  if (text === null) return { ok: false, problems: [`there is no artifact ${digest} in ${objects.description}`] };
  try {
    const { entries } = parseTree(digest, text, `${treeKey} in ${objects.description}`);
    const distinct = [...new Map(entries.map((entry) => [entry.sha256, entry])).values()];
    const meter = createMeter({ files: distinct.length, bytes: distinct.reduce((sum, entry) => sum + entry.bytes, 0) }, options);
    await forEachAtOnce(distinct, options.signal, async (entry) => {
      await verifyBlob(objects, entry, options.signal).catch((error: unknown) => note(error, objectKeys.blob(entry.sha256)));
      meter.part()(entry.bytes, true);
    });
  } catch (error) {
    note(error, treeKey);
  }
  if (problems.length > 0) onBad(treeKey);
  return { ok: problems.length === 0, problems: problems.sort() };
}

async function verifyBlob(objects: ObjectStore, entry: TreeEntry, signal?: AbortSignal): Promise<void> {
  const body = await objects.open(objectKeys.blob(entry.sha256));
  if (body === null) throw blobMissing(entry, objects);
  const hash = createHash('sha256');
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  const got = hash.digest('hex');
  if (got !== entry.sha256) throw blobDamaged(entry, objects, got);
}
