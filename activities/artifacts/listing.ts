import { cp, mkdir, mkdtemp, readdir, rename, rm, chmod } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { objectKeys, type ArtifactRef } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ArtifactStore, TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import { parseRecord, readRecord, RECORDS } from './records.js';
import { forEachAtOnce } from './transfer.js';
import { verifyTree } from './verify-tree.js';

/** What `judo artifacts` works on. */
export interface Stores {
  readonly objects: ObjectStore;
  readonly artifacts: ArtifactStore;
}

/** A tree in the store; `producers` are the stages whose records name it. */
export interface ListedTree extends ArtifactRef {
  readonly modified: Date;
  readonly producers: readonly { stageKey: string; stage: string; output: string; run: string }[];
}

const TREES = dirname(objectKeys.tree('x')) + '/';

/** Every tree, latest first. Sizes come from the records where one names the tree, from the manifest otherwise. */
export async function listTrees({ objects, artifacts }: Stores, signal?: AbortSignal): Promise<ListedTree[]> {
  const records = await listRecords({ objects }, signal);
  const trees: ListedTree[] = [];
  await forEachAtOnce(await allBelow(objects, TREES), signal, async ({ key, modified }) => {
    const digest = basename(key, '.json');
    const producers = records.flatMap((record) =>
      Object.entries(record.outputs)
        .filter(([, ref]) => ref.digest === digest)
        .map(([output, ref]) => ({ stageKey: record.key, stage: record.stage, output, run: record.run, ref })),
    );
    const { files, bytes } = producers[0]?.ref ?? sizeOf(await artifacts.manifest(digest));
    trees.push({ digest, files, bytes, modified, producers: producers.map(({ ref: _, ...producer }) => producer) });
  });
  return trees.sort((a, b) => b.modified.getTime() - a.modified.getTime() || (a.digest < b.digest ? -1 : 1));
}

/** Every stage record, latest first. */
export async function listRecords({ objects }: Pick<Stores, 'objects'>, signal?: AbortSignal): Promise<StageRecord[]> {
  const records: StageRecord[] = [];
  await forEachAtOnce(await allBelow(objects, RECORDS), signal, async ({ key }) => {
    const text = await objects.get(key);
    if (text !== null) records.push(parseRecord(text, basename(key, '.json'), `${key} in ${objects.description}`));
  });
  return records.sort((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1));
}

/** The one tree whose digest begins so. Throws ArtifactMissing when none does, InvalidSpec when several do. */
export async function resolveDigest({ objects }: Pick<Stores, 'objects'>, beginning: string): Promise<string> {
  if (!/^[0-9a-f]{4,64}$/.test(beginning))
    throw new StageError({
      type: 'InvalidSpec',
      message: `${JSON.stringify(beginning)} is no artifact digest`,
      remedy: 'Give four or more characters of a digest that `judo artifacts ls` lists.',
    });
  const found = (await allBelow(objects, TREES + beginning)).map(({ key }) => basename(key, '.json'));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length === 0)
    throw new StageError({
      type: 'ArtifactMissing',
      message: `no artifact in ${objects.description} begins with ${beginning}`,
      remedy: '`judo artifacts ls` lists those that are there.',
    });
  throw new StageError({
    type: 'InvalidSpec',
    message: `${found.length} artifacts begin with ${beginning}: ${found
      .slice(0, 5)
      .map((digest) => digest.slice(0, beginning.length + 6))
      .join(', ')}`,
    remedy: 'Give more characters.',
  });
}

/** Copies a tree to `out`, writable, whole or not at all. `out` must be absent or an empty folder. */
export async function getTree(
  { artifacts }: Pick<Stores, 'artifacts'>,
  digest: string,
  out: string,
  options: TransferOptions = {},
): Promise<ArtifactRef> {
  const target = resolve(out);
  const present = await readdir(target).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new StageError(
      { type: 'InvalidSpec', message: `${out} is no folder`, remedy: 'Name a folder that does not exist yet.' },
      { cause: error },
    );
  });
  if (present.length > 0)
    throw new StageError({
      type: 'InvalidSpec',
      message: `${out} is not empty`,
      remedy: 'Name a folder that does not exist yet, or empty it.',
    });
  const folder = await artifacts.materialize(digest, options);
  const manifest = await artifacts.manifest(digest);
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    await cp(folder, work, { recursive: true });
    await forEachAtOnce(manifest.entries, options.signal, ({ path }) => chmod(join(work, path), 0o644));
    await chmod(work, 0o755);
    await rename(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { digest, ...sizeOf(manifest) };
}

/** What `judo artifacts verify` found in one tree. */
export interface TreeVerdict {
  readonly digest: string;
  readonly ok: boolean;
  readonly problems: readonly string[];
  /** Keys of the objects that were removed because they were damaged, or because they named damaged ones. */
  readonly discarded: readonly string[];
}

/**
 * Reads one tree, or every tree, again from the store and compares digests, telling each verdict as it is known.
 * With `discard` the damaged objects and the manifests that name them are deleted, so that the next save makes them anew.
 */
export async function verifyTrees(
  { objects }: Pick<Stores, 'objects'>,
  /** A digest, or `all`. */
  which: string,
  options: TransferOptions & { discard?: boolean; onVerdict?: (verdict: TreeVerdict) => void } = {},
): Promise<TreeVerdict[]> {
  const digests = which === 'all' ? (await allBelow(objects, TREES)).map(({ key }) => basename(key, '.json')) : [which];
  const verdicts: TreeVerdict[] = [];
  for (const digest of digests) {
    const bad: string[] = [];
    const { ok, problems } = await verifyTree(objects, digest, options, (key) => bad.push(key));
    const discarded = options.discard ? [...new Set(bad)] : [];
    for (const key of discarded) await objects.delete(key);
    const verdict = { digest, ok, problems, discarded };
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  }
  return verdicts;
}

/** What `judo artifacts verify` found in one stage's record. */
export interface RecordVerdict {
  /** The object's. */
  readonly key: string;
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly discarded: boolean;
}

/** Reads every record again. With `discard` those that are not as they were filed are deleted: their stages run again. */
export async function verifyRecords(
  { objects }: Pick<Stores, 'objects'>,
  options: TransferOptions & { discard?: boolean } = {},
): Promise<RecordVerdict[]> {
  const listed = await allBelow(objects, RECORDS);
  const verdicts = new Map<string, RecordVerdict>();
  await forEachAtOnce(listed, options.signal, async ({ key }) => {
    const text = await objects.get(key);
    if (text === null) return;
    const reading = readRecord(text, basename(key, '.json'));
    const ok = 'record' in reading || reading.isWhole;
    const discarded = !ok && options.discard === true;
    if (discarded) await objects.delete(key);
    verdicts.set(key, { key, ok, problems: 'record' in reading || ok ? [] : [reading.problem], discarded });
  });
  return listed.flatMap(({ key }) => verdicts.get(key) ?? []);
}

async function allBelow(objects: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const object of objects.list(prefix)) found.push(object);
  return found;
}

function sizeOf(manifest: { entries: readonly { bytes: number }[] }): { files: number; bytes: number } {
  return { files: manifest.entries.length, bytes: manifest.entries.reduce((sum, entry) => sum + entry.bytes, 0) };
}
