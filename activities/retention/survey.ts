import { basename, dirname } from 'node:path';
import { objectKeys } from '../../contracts/artifact.js';
import { FiledCheckpoint } from '../../contracts/checkpoint.js';
import { StageError } from '../../contracts/failure.js';
import { PromotedNight } from '../../contracts/nightly.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import type { RunStatus } from '../../contracts/run.js';
import { listRecords } from '../artifacts/listing.js';
import { forEachAtOnce } from '../artifacts/transfer.js';
import type { PlanStore } from '../stage/plan-store.js';
import { walkRun } from '../stage/plan-walk.js';
import { hasEnded, keptRuns, type RetentionPolicy } from './keep-runs.js';
import { parseFiled } from './parse-filed.js';
import { listRunRecords, readRunRecords, runOfKey, RUNS } from './run-records.js';
import { listTags } from './tags.js';

export interface RetentionStores {
  readonly objects: ObjectStore;
  readonly artifacts: Pick<ArtifactStore, 'manifest'>;
  readonly plans: PlanStore;
}

export interface SurveyOptions {
  readonly policy: RetentionPolicy;
  readonly graceMs: number;
  readonly at: Date;
  /** Digests of the plans of runs that were started and have no record yet. */
  readonly startedPlans: readonly string[];
}

export const KINDS = ['records', 'checkpoints', 'shards', 'logs', 'trees', 'blobs'] as const;
export type Kind = (typeof KINDS)[number];

const NOT_WHOLE: ReadonlySet<string> = new Set(['ArtifactMissing', 'DigestMismatch']);

const above = (key: string): string => key.slice(0, key.indexOf('?'));

/** Where each kind lies. Nothing outside of these is ever collected: no plan, no run's record, no teacher's answer. */
const PLACES: Readonly<Record<Kind, string>> = {
  records: above(objectKeys.record('?')),
  checkpoints: above(objectKeys.checkpoints('?')),
  shards: above(objectKeys.shards('?')),
  logs: RUNS,
  trees: above(objectKeys.tree('?')),
  blobs: above(objectKeys.blob('?')),
};

export interface Found extends ObjectInfo {
  readonly kind: Kind;
  /** Why it is needed; null: nothing needs it. */
  readonly why: string | null;
}

/** Everything that could be collected, what needs it, and which runs count. */
export interface Survey {
  readonly found: readonly Found[];
  readonly runs: ReadonlyMap<string, string>;
  /** Every record there is, whether a run that counts needs it or not. */
  readonly records: ReadonlyMap<string, StageRecord>;
  /** Keys of the blobs that each tree names which nothing needs. */
  readonly blobsOfUnneeded: ReadonlyMap<string, readonly string[]>;
}

/**
 * Marks from the runs that count: their stages' records, from every record its trees, from unfinished runs their checkpoints.
 * A record that nothing needs still protects its trees: they go one sweep later, when nobody can have just read it. Anything
 * that protects and cannot be read stops the survey.
 */
export async function survey(stores: RetentionStores, options: SurveyOptions): Promise<Survey> {
  const { objects } = stores;
  const records = new Map((await listRecords({ objects })).map((record) => [record.key, record]));
  const needs = await needsOfRuns(stores, records, options);
  const checkpoints = await listBelow(objects, 'checkpoints');
  const shards = await listBelow(objects, 'shards');
  const unfinished = (key: string) => {
    const stageKey = stageKeyOf(key);
    return records.has(stageKey) ? null : (needs.unfinished.get(stageKey) ?? null);
  };
  const trees = new Map(needs.sources);
  const needTree = (digest: string, why: string) => trees.has(digest) || trees.set(digest, why);
  for (const record of records.values()) {
    for (const [name, ref] of Object.entries(record.outputs)) needTree(ref.digest, `${record.stage}.${name} of run ${record.run}`);
    for (const [port, digest] of Object.entries(record.inputs)) needTree(digest, `${port} of ${record.stage}, run ${record.run}`);
  }
  await forEachAtOnce(checkpoints, undefined, async ({ key }) => {
    const why = unfinished(key);
    const text = why === null ? null : await objects.get(key);
    if (text === null) return;
    const { tree, step } = parseFiled(FiledCheckpoint, text, `checkpoint ${key} in ${objects.description}`);
    needTree(tree.digest, `checkpoint ${step}: ${why}`);
  });
  const treeObjects = await listBelow(objects, 'trees');
  const { needed: blobs, unneeded: blobsOfUnneeded } = await blobsOf(stores, treeObjects, trees);
  const logs = (await listBelow(objects, 'logs')).filter(({ key }) => key.startsWith(`${RUNS}${runOfKey(key)}/logs/`));
  return {
    records,
    runs: needs.runs,
    blobsOfUnneeded,
    found: [
      ...marked('records', await listBelow(objects, 'records'), (key) => needs.records.get(basename(key, '.json')) ?? null),
      ...marked('checkpoints', checkpoints, unfinished),
      ...marked('shards', shards, unfinished),
      ...marked('logs', logs, (key) => logReason(runOfKey(key), needs)),
      ...marked('trees', treeObjects, (key) => trees.get(basename(key, '.json')) ?? null),
      ...marked('blobs', await listBelow(objects, 'blobs'), (key) => blobs.get(basename(key)) ?? null),
    ],
  };
}

const marked = (kind: Kind, listed: readonly ObjectInfo[], why: (key: string) => string | null): Found[] =>
  listed.map(({ key, bytes, modified }) => ({ key, bytes, modified, kind, why: why(key) }));

const stageKeyOf = (key: string): string => key.split('/')[2]!;

function logReason(run: string, { runs, known }: Needs): string | null {
  if (!known.has(run)) return 'its run has no record';
  return runs.has(run) ? `run ${run}: ${runs.get(run)}` : null;
}

interface Needs {
  /** Runs that count, with the reason. */
  readonly runs: ReadonlyMap<string, string>;
  /** Every run that has a record. */
  readonly known: ReadonlySet<string>;
  readonly records: ReadonlyMap<string, string>;
  /** Keys of stages that a run which goes on, or ended just now, could still do. */
  readonly unfinished: ReadonlyMap<string, string>;
  /** Trees that the plans begin with. */
  readonly sources: ReadonlyMap<string, string>;
}

/** What the runs that count need. Also used to see, after records were deleted, whether a new run had come to need one. */
export async function needsOfRuns(
  { objects, plans }: RetentionStores,
  records: ReadonlyMap<string, StageRecord>,
  { policy, graceMs, at, startedPlans }: SurveyOptions,
): Promise<Needs> {
  const filed = await readRunRecords(objects, await listRunRecords(objects));
  const runs = keptRuns(filed, await namesOfRuns(objects), policy, { at, graceMs });
  const needed = new Map<string, string>();
  const unfinished = new Map<string, string>();
  const sources = new Map<string, string>();
  const take = async (digest: string, why: string, goesOn: boolean) => {
    const followed = await plans.loadAll(digest);
    for (const { plan } of followed) {
      for (const { artifact } of Object.values(plan.sources)) sources.set(artifact.digest, `source: ${why}`);
      for (const source of plan.stages.flatMap((stage) => Object.values(stage.inputs)))
        if (source.from === 'artifact') sources.set(source.digest, `source: ${why}`);
    }
    const walk = await walkRun(followed, { record: (key) => Promise.resolve(records.get(key) ?? null) });
    for (const key of walk.keys.values()) {
      needed.set(key, why);
      if (goesOn) unfinished.set(key, why);
    }
  };
  for (const run of filed) {
    const reason = runs.get(run.run);
    if (reason === undefined) continue;
    const why = `run ${run.run}: ${reason}`;
    for (const { key } of run.stages) if (key !== null) needed.set(key, why);
    await take(run.plan, why, !hasEnded(run, at, graceMs)).catch((error: unknown) => unlessEnded(error, run));
  }
  for (const digest of startedPlans) await take(digest, 'a run that has not begun', true);
  for (const { key, run } of records.values()) if (runs.has(run) && !needed.has(key)) needed.set(key, `made by run ${run}`);
  return { runs, known: new Set(filed.map((run) => run.run)), records: needed, unfinished, sources };
}

/** Runs that somebody gave a name: a tag, or the good one of a nightly. */
async function namesOfRuns(objects: ObjectStore): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for await (const { key } of objects.list(objectKeys.nightlies())) {
    const nightly = basename(dirname(key));
    const text = key === objectKeys.goodNight(nightly) ? await objects.get(key) : null;
    if (text === null) continue;
    const { run } = parseFiled(PromotedNight, text, `${key} in ${objects.description}`);
    names.set(run, `the good night of ${nightly}`);
  }
  for (const { run, name } of await listTags(objects)) names.set(run, `tagged ${name}`);
  return names;
}

/** The plan of a run that ended may be lost: its record names its stages' keys. */
function unlessEnded(error: unknown, run: RunStatus): void {
  if (run.finishedAt !== null && error instanceof StageError && error.failure.type === 'ArtifactMissing') return;
  throw error;
}

/** The blobs that the trees name. A needed tree that is not there needs nothing; a needed one that is damaged stops the survey. */
async function blobsOf({ artifacts }: RetentionStores, there: readonly ObjectInfo[], trees: ReadonlyMap<string, string>) {
  const needed = new Map<string, string>();
  const unneeded = new Map<string, string[]>();
  await forEachAtOnce(there, undefined, async ({ key }) => {
    const digest = basename(key, '.json');
    const why = trees.get(digest);
    const manifest = await artifacts.manifest(digest).catch((error: unknown) => {
      if (why === undefined && error instanceof StageError && NOT_WHOLE.has(error.failure.type)) return null;
      throw error;
    });
    if (manifest === null) return;
    if (why === undefined)
      unneeded.set(
        key,
        manifest.entries.map(({ sha256 }) => objectKeys.blob(sha256)),
      );
    else for (const { sha256 } of manifest.entries) needed.set(sha256, `in tree ${digest.slice(0, 12)}, ${why}`);
  });
  return { needed, unneeded };
}

async function listBelow(objects: ObjectStore, kind: Kind): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const object of objects.list(PLACES[kind])) found.push(object);
  return found;
}
