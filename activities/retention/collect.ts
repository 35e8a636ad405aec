import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { objectKeys } from '../../contracts/artifact.js';
import { Candidates } from '../../contracts/candidates.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { forEachAtOnce } from '../artifacts/transfer.js';
import type { RetentionPolicy } from './keep-runs.js';
import { parseFiled } from './parse-filed.js';
import { KINDS, needsOfRuns, survey, type Found, type RetentionStores, type Survey, type SurveyOptions } from './survey.js';
import { holdSweep, type Sweep } from './sweep.js';

/** Younger objects are not listed: a save may be under way that is about to refer to them. */
const YOUNG_MS = 3_600_000;

export interface CollectOptions {
  readonly policy: RetentionPolicy;
  /** Longer than any stage takes from saving its outputs to filing its record. */
  readonly graceMs: number;
  /** Looks only; writes and deletes nothing. */
  readonly dryRun?: boolean;
  readonly now?: () => Date;
  /** Digests of the plans of runs that were started and have no record yet; asked at each look. */
  readonly startedPlans?: () => Promise<readonly string[]>;
}

export interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** What a collection saw and did; of a dry run, what it would do. */
export interface Collection {
  readonly survey: Survey;
  /** What nothing needs, by kind. */
  readonly unneeded: Readonly<Record<string, Amount>>;
  readonly deleted: Amount;
  /** What is on lists whose grace is not over, and when the first of them is due. */
  readonly waiting: Amount & { readonly dueAt: string | null };
}

interface FiledList {
  readonly key: string;
  readonly list: Candidates;
}

/**
 * Phase two, then phase one. Deletes what a list named at least the grace ago, if nothing needs it still and nobody wrote it
 * since; then lists what nothing needs now. Safe beside runs and saves, and to be killed at any moment.
 */
export async function collectGarbage(stores: RetentionStores, options: CollectOptions): Promise<Collection> {
  const { objects } = stores;
  const at = options.now?.() ?? new Date();
  const look = async (): Promise<SurveyOptions> => ({
    policy: options.policy,
    graceMs: options.graceMs,
    at,
    startedPlans: (await options.startedPlans?.()) ?? [],
  });
  const lists = await readLists(objects);
  const dueAt = ({ list }: FiledList) => Date.parse(list.listedAt) + options.graceMs;
  const due = lists.filter((one) => dueAt(one) <= at.getTime());
  const pending = lists.filter((one) => !due.includes(one));
  if (options.dryRun || due.length === 0) {
    const seen = await survey(stores, await look());
    const unneeded = unneededOf(seen);
    const condemned = condemnedBy(due, seen);
    if (!options.dryRun) pending.push(...(await list(objects, unneeded, pending, at)));
    return resultOf(seen, condemned, pending, unneeded, options.graceMs);
  }
  const sweep = await holdSweep(objects);
  try {
    const seen = await survey(stores, await look());
    const unneeded = unneededOf(seen);
    const condemned = condemnedBy(due, seen);
    await deleteAll(stores, condemned, seen, look, sweep);
    for (const { key } of due) await objects.delete(key);
    const gone = new Set(condemned);
    const left = unneeded.filter((object) => !gone.has(object));
    pending.push(...(await list(objects, left, pending, at)));
    return resultOf(seen, condemned, pending, unneeded, options.graceMs);
  } finally {
    await sweep.end();
  }
}

/** Every list there is, oldest first. */
async function readLists(objects: ObjectStore): Promise<FiledList[]> {
  const lists: FiledList[] = [];
  for await (const { key } of objects.list(objectKeys.collection)) {
    const isList = key === objectKeys.candidates(basename(key, '.json')) && key !== objectKeys.sweep;
    const text = isList ? await objects.get(key) : null;
    if (text !== null) lists.push({ key, list: parseFiled(Candidates, text, `list ${key} in ${objects.description}`) });
  }
  return lists.sort((a, b) => (a.list.listedAt < b.list.listedAt ? -1 : 1));
}

const unneededOf = (seen: Survey): Found[] => seen.found.filter((object) => object.why === null);

const versionOf = ({ key, modified }: { key: string; modified: Date | string }): string => `${key} ${new Date(modified).toISOString()}`;

/**
 * Of what nothing needs, what these lists name as it is: written since, it is somebody's who will need it. A blob stays as long as
 * any tree names it, so that a tree whose manifest is there is whole, and may be saved again without a look at its blobs.
 */
function condemnedBy(lists: readonly FiledList[], { found, blobsOfUnneeded }: Survey): Found[] {
  const named = new Set(lists.flatMap(({ list }) => list.objects.map(versionOf)));
  const condemned = found.filter((object) => object.why === null && named.has(versionOf(object)));
  const trees = new Set(condemned.map((object) => object.key));
  const held = new Set([...blobsOfUnneeded].flatMap(([tree, blobs]) => (trees.has(tree) ? [] : blobs)));
  return condemned.filter((object) => !held.has(object.key));
}

/** What refers to others goes first: killed in between, this leaves objects that nothing names, and no name without its object. */
async function deleteAll(
  stores: RetentionStores,
  condemned: readonly Found[],
  { records }: Survey,
  look: () => Promise<SurveyOptions>,
  sweep: Sweep,
): Promise<void> {
  const { objects } = stores;
  for (const kind of KINDS) {
    await forEachAtOnce(
      condemned.filter((object) => object.kind === kind),
      undefined,
      async ({ key }) => {
        await sweep.assertHeld();
        await objects.delete(key);
      },
    );
    if (kind !== 'records') continue;
    // A run that began while the records were looked through may count on one of them.
    const { records: needed } = await needsOfRuns(stores, records, await look());
    for (const { key, kind: one } of condemned) {
      const record = records.get(basename(key, '.json'));
      if (one !== 'records' || record === undefined || !needed.has(record.key)) continue;
      await objects.put(key, canonicalJson(record), { ifAbsent: true, contentType: 'application/json' });
    }
  }
}

/** Phase one: files a list of what nothing needs and no pending list names. */
async function list(objects: ObjectStore, unneeded: readonly Found[], pending: readonly FiledList[], at: Date): Promise<FiledList[]> {
  const named = new Set(pending.flatMap((one) => one.list.objects.map(versionOf)));
  const fresh = unneeded.filter((object) => !named.has(versionOf(object)) && object.modified.getTime() + YOUNG_MS <= at.getTime());
  if (fresh.length === 0) return [];
  const filed: Candidates = {
    schemaVersion: 1,
    listedAt: at.toISOString(),
    objects: fresh.map(({ key, bytes, modified }) => ({ key, bytes, modified: modified.toISOString() })),
  };
  const key = objectKeys.candidates(`${filed.listedAt.replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 8)}`);
  await objects.put(key, JSON.stringify(filed), { ifAbsent: true, contentType: 'application/json' });
  return [{ key, list: filed }];
}

function resultOf(
  seen: Survey,
  deleted: readonly Found[],
  pending: readonly FiledList[],
  unneeded: readonly Found[],
  graceMs: number,
): Collection {
  const gone = new Set(deleted);
  const waiting = condemnedBy(pending, seen).filter((object) => !gone.has(object));
  const first = pending.reduce((least, { list: one }) => Math.min(least, Date.parse(one.listedAt)), Infinity);
  return {
    survey: seen,
    unneeded: Object.fromEntries(KINDS.map((kind) => [kind, amountOf(unneeded.filter((object) => object.kind === kind))])),
    deleted: amountOf(deleted),
    waiting: { ...amountOf(waiting), dueAt: waiting.length === 0 ? null : new Date(first + graceMs).toISOString() },
  };
}

/** How many, how large. */
export const amountOf = (objects: readonly { bytes: number }[]): Amount => ({
  objects: objects.length,
  bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
});
