import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Of } from '../../activities/artifacts/hash-file.js';
import { addTag, deleteTag } from '../../activities/retention/tags.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { folderWith } from '../artifacts/temporary-folders.js';
import { startTestS3, type TestS3 } from '../support/s3.js';
import { GRACE_MS, openBucket } from './garbage.js';

let s3: TestS3;
beforeAll(async () => {
  s3 = await startTestS3();
});
afterAll(() => s3.stop());

/** A store whose deletion of `key` waits, as one on a slow line does. */
function withSlowDelete(objects: ObjectStore, key: string) {
  let open!: () => void;
  let reach!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const slow: ObjectStore = {
    ...objects,
    async delete(deleted) {
      if (deleted === key) {
        reach();
        await opened;
      }
      await objects.delete(deleted);
    },
  };
  return { slow, open, reached };
}

/** A store that tells when `key` was written. */
function tellingWrites(objects: ObjectStore, key: string) {
  let tell!: () => void;
  const written = new Promise<void>((resolve) => (tell = resolve));
  const told: ObjectStore = {
    ...objects,
    async put(put, body, options) {
      const outcome = await objects.put(put, body, options);
      if (put === key && outcome === 'written') tell();
      return outcome;
    },
    async upload(uploaded, file, options) {
      await objects.upload(uploaded, file, options);
      if (uploaded === key) tell();
    },
  };
  return { told, written };
}

const LARGE = randomBytes(400_000);

for (const [name, make] of [
  ['memory', async () => createMemoryObjectStore()],
  ['a real S3 server', () => s3.bucket()],
] as const) {
  describe(`collecting garbage in ${name}`, () => {
    const open = async () => openBucket(await make());

    test('what nothing needs is listed first, and deleted by a call after the grace', async () => {
      const bucket = await open();
      const kept = await bucket.run('kept');
      const orphan = await bucket.save({ 'a.txt': 'nobody needs this', 'b.bin': LARGE });
      const before = await bucket.collect();
      expect(before.deleted).toEqual({ objects: 0, bytes: 0 });
      expect(before.waiting).toMatchObject({ objects: 3 });
      const early = await bucket.collect({ laterMs: GRACE_MS - 1 });
      expect(early.deleted.objects).toBe(0);
      expect((await bucket.artifacts.verify(orphan.digest)).ok).toBe(true);
      const due = await bucket.collect({ laterMs: 1 });
      expect(due.deleted).toMatchObject({ objects: 3 });
      expect(due.deleted.bytes).toBeGreaterThan(LARGE.length);
      expect(await bucket.objects.head(objectKeys.tree(orphan.digest))).toBeNull();
      expect(await bucket.keys('v1/gc/')).toEqual([expect.stringContaining('v1/gc/swept/')]);
      expect((await bucket.artifacts.verify(kept.out.digest)).ok).toBe(true);
    });

    test('a dry run writes nothing and deletes nothing, and says what would go', async () => {
      const bucket = await open();
      await bucket.save({ 'a.txt': 'nobody needs this' });
      const keys = await bucket.keys('v1/');
      expect((await bucket.collect({ dryRun: true })).unneeded).toMatchObject({ trees: { objects: 1 }, blobs: { objects: 1 } });
      expect(await bucket.keys('v1/')).toEqual(keys);
      await bucket.collect();
      const listed = await bucket.keys('v1/');
      expect((await bucket.collect({ dryRun: true })).deleted.objects).toBe(2);
      expect(await bucket.keys('v1/')).toEqual(listed);
    });

    test('what is saved again after it was listed survives, though nothing refers to it yet', async () => {
      const bucket = await open();
      const files = { 'a.txt': 'used again', 'b.bin': LARGE };
      const orphan = await bucket.save(files);
      await bucket.collect();
      for (const again of [bucket.artifacts, await bucket.elsewhere()]) {
        await bucket.nextMoment();
        expect(await again.save(await folderWith(files))).toEqual(orphan);
        await bucket.collect();
        expect(await bucket.artifacts.verify(orphan.digest)).toEqual({ ok: true, problems: [] });
      }
    });

    test('a blob that a new tree shares with a listed one survives with the new tree', async () => {
      const bucket = await open();
      await bucket.save({ 'shared.bin': LARGE, 'old.txt': 'old' });
      await bucket.collect();
      await bucket.nextMoment();
      const next = await (await bucket.elsewhere()).save(await folderWith({ 'shared.bin': LARGE, 'new.txt': 'new' }));
      expect((await bucket.collect()).deleted.objects).toBe(2);
      expect((await bucket.artifacts.verify(next.digest)).ok).toBe(true);
      expect(await bucket.objects.head(objectKeys.blob(sha256Of('old')))).toBeNull();
    });

    for (const [what, content] of [
      ['small', 'used again'],
      ['large', LARGE],
    ] as const)
      test(`a ${what} blob that is saved again while the sweep deletes it is there when the save has ended`, async () => {
        const bucket = await open();
        const files = { file: content };
        const { digest } = await bucket.save(files);
        await bucket.collect();
        const { slow, open: letGo, reached } = withSlowDelete(bucket.objects, objectKeys.blob(sha256Of(content)));
        const sweeping = bucket.collect({ through: slow });
        await reached;
        const { told, written } = tellingWrites(bucket.objects, objectKeys.blob(sha256Of(content)));
        const saving = (await bucket.elsewhere(told)).save(await folderWith(files));
        await written; // and the deletion, which is on its way, comes after that
        letGo();
        await Promise.all([sweeping, saving]);
        expect(await bucket.artifacts.verify(digest)).toEqual({ ok: true, problems: [] });
      });

    test('a process that saw a blob in the store sends it again when a sweep came between', async () => {
      const bucket = await open();
      const process = await bucket.elsewhere();
      const files = { 'a.txt': 'seen a moment ago' };
      await process.save(await folderWith(files));
      await bucket.collect();
      await bucket.collect();
      const { digest } = await process.save(await folderWith(files));
      expect((await bucket.artifacts.verify(digest)).ok).toBe(true);
    });

    test('checkpoints and answers are kept while their stage is to be done, and go when it is done or nobody wants it', async () => {
      const bucket = await open();
      const file = async (key: string, step: number) => {
        const tree = await bucket.save({ weights: `${key} ${step}` });
        await bucket.objects.put(objectKeys.checkpoint(key, step), JSON.stringify({ schemaVersion: 1, stageKey: key, step, tree }));
        await bucket.objects.put(objectKeys.shard(key, 'answers-1.jsonl'), '{}');
        return tree.digest;
      };
      const done = await bucket.run('done');
      const blocked = await bucket.run('blocked', { unfinished: true, state: 'blocked', finishedAt: null });
      const cancelled = await bucket.run('cancelled', { unfinished: true, state: 'cancelled' });
      await file(done.key, 8);
      const resumable = await file(blocked.key, 8);
      await file(cancelled.key, 8);
      // The cancelled run ended less than the grace ago.
      await bucket.collect({ laterMs: GRACE_MS - 1 });
      await bucket.collect();
      expect(await bucket.keys('v1/checkpoints/')).toEqual([blocked.key, cancelled.key].sort().map((key) => objectKeys.checkpoint(key, 8)));
      await bucket.collect();
      await bucket.collect();
      expect(await bucket.keys('v1/checkpoints/')).toEqual([objectKeys.checkpoint(blocked.key, 8)]);
      expect(await bucket.keys('v1/shards/')).toEqual([objectKeys.shard(blocked.key, 'answers-1.jsonl')]);
      expect((await bucket.artifacts.verify(resumable)).ok).toBe(true);
    });

    test('a policy decides which runs count: the last ones, those of late, those with a tag, those that go on', async () => {
      const bucket = await open();
      const day = (ago: number) => new Date(bucket.now().getTime() - ago * GRACE_MS).toISOString();
      const ended = (ago: number) => ({ startedAt: day(ago), finishedAt: day(ago) });
      const late = day(10);
      const runs = {
        old: await bucket.run('old', ended(90)),
        tagged: await bucket.run('tagged', ended(80)),
        waiting: await bucket.run('waiting', { startedAt: day(70), finishedAt: null, state: 'blocked' }),
        promoted: await bucket.run('promoted', ended(60)),
        late: await bucket.run('late', ended(10)),
        last: await bucket.run('last', ended(5)),
      };
      await bucket.objects.put(objectKeys.runLog('old', 'train', 'k', 1), 'log');
      await bucket.objects.put(objectKeys.runLog('last', 'train', 'k', 1), 'log');
      await addTag(bucket.objects, { name: 'good', run: 'tagged', by: 'anna', at: day(1) });
      await bucket.objects.put(objectKeys.goodNight('plant'), JSON.stringify({ run: 'promoted', by: 'anna', at: day(1) }));
      const isThere = async () =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(runs).map(async ([name, { key, out }]) => {
              const record = (await bucket.objects.head(objectKeys.record(key))) !== null;
              const { ok } = await bucket.artifacts.verify(out.digest);
              return [name, record === ok ? ok : `record ${record}, output ${ok}`];
            }),
          ),
        );
      const all = { old: true, tagged: true, waiting: true, promoted: true, late: true, last: true };
      for (let round = 0; round < 4; round += 1) await bucket.collect();
      expect(await isThere()).toEqual(all);
      const policy = { keepRunsMs: 30 * GRACE_MS, keepLast: 1 };
      const { survey } = await bucket.collect({ policy });
      expect(Object.fromEntries(survey.runs)).toEqual({
        tagged: 'tagged good',
        waiting: 'blocked',
        promoted: 'the good night of plant',
        late: `ended ${late}`,
        last: 'one of the last 1',
      });
      // The record goes in one sweep; only by a later call is its output listed, and goes by another.
      for (let round = 0; round < 2; round += 1) {
        await bucket.collect({ policy });
        expect(await isThere()).toEqual({ ...all, old: 'record false, output true' });
      }
      await bucket.collect({ policy });
      expect(await isThere()).toEqual({ ...all, old: false });
      expect(await bucket.keys('v1/runs/old/')).toEqual([objectKeys.run('old')]);
      expect(await bucket.keys('v1/runs/last/')).toHaveLength(2);
      await deleteTag(bucket.objects, 'good');
      for (let round = 0; round < 4; round += 1) await bucket.collect({ policy: { keepRunsMs: 365 * GRACE_MS, keepLast: null } });
      expect(await isThere()).toEqual({ ...all, old: false });
      for (let round = 0; round < 4; round += 1) await bucket.collect({ policy: { keepRunsMs: null, keepLast: 1 } });
      expect(await isThere()).toEqual({ ...all, old: false, tagged: false, late: false });
    });

    test('a record that a run came to need while it was swept is put back', async () => {
      const bucket = await open();
      const { key, out, plan } = await bucket.run('old');
      const policy = { keepRunsMs: null, keepLast: 0 };
      await bucket.collect({ policy });
      const { slow, open: letGo, reached } = withSlowDelete(bucket.objects, objectKeys.record(key));
      const sweeping = bucket.collect({ policy, through: slow });
      await reached;
      await bucket.run('new', { plan, state: 'running', finishedAt: null, unfinished: true });
      letGo();
      await sweeping;
      expect(await (await bucket.elsewhere()).record(key)).toMatchObject({ key, outputs: { out } });
    });

    test("a run that waits for a worker keeps its plan's stages and sources", async () => {
      const bucket = await open();
      const data = await bucket.save({ 'mmad.json': '{}' });
      const { key, plan } = await bucket.run('old');
      const known = await bucket.plans.load(plan);
      const next = await bucket.plans.file({ ...known, sources: { ...known.sources, data: { ...known.sources.data, artifact: data } } });
      await bucket.objects.delete(objectKeys.run('old'));
      for (let round = 0; round < 3; round += 1) await bucket.collect({ startedPlans: async () => [next] });
      expect(await bucket.objects.head(objectKeys.record(key))).not.toBeNull();
      expect((await bucket.artifacts.verify(data.digest)).ok).toBe(true);
      for (let round = 0; round < 4; round += 1) await bucket.collect();
      expect(await bucket.keys('v1/blobs/')).toEqual([]);
    });

    test("teacher's answers, plans, tags and runs' records are never collected", async () => {
      const bucket = await open();
      const { plan } = await bucket.run('old');
      await bucket.objects.put(objectKeys.teacherAnswer('ab'.repeat(32)), '{}');
      await addTag(bucket.objects, { name: 'gone', run: 'no-such-run', by: 'anna', at: bucket.now().toISOString() });
      for (let round = 0; round < 5; round += 1) await bucket.collect({ policy: { keepRunsMs: null, keepLast: 0 } });
      expect((await bucket.keys('v1/')).filter((key) => !key.startsWith('v1/gc/'))).toEqual(
        [objectKeys.plan(plan), objectKeys.run('old'), objectKeys.tag('gone'), objectKeys.teacherAnswer('ab'.repeat(32))].sort(),
      );
    });
  });
}

describe('a bucket that cannot be read whole', () => {
  test.each([
    ['a record', objectKeys.record('ab'.repeat(32))],
    ["a run's record", objectKeys.run('broken')],
    ['a tag', objectKeys.tag('broken')],
    ['a list', objectKeys.candidates('broken')],
  ])('%s that is garbled stops the collection, by name, before anything is deleted', async (_, key) => {
    const bucket = await openBucket(createMemoryObjectStore());
    const orphan = await bucket.save({ 'a.txt': 'nobody needs this' });
    await bucket.collect();
    await bucket.objects.put(key, '{"schemaVersion":');
    await expect(bucket.collect()).rejects.toThrow(key);
    expect((await bucket.artifacts.verify(orphan.digest)).ok).toBe(true);
    expect(await bucket.objects.head(objectKeys.sweep)).toBeNull();
  });

  test('a lost plan of a run that goes on stops the collection; that of one that ended does not', async () => {
    const bucket = await openBucket(createMemoryObjectStore());
    await bucket.run('ended', { plan: '1'.repeat(64) });
    await bucket.collect();
    await bucket.run('running', { plan: '2'.repeat(64), state: 'running', finishedAt: null });
    await expect(bucket.collect()).rejects.toThrow(`plan ${'2'.repeat(64)} is not in memory`);
  });

  test('two sweeps at once: the second is refused, and says until when', async () => {
    const bucket = await openBucket(createMemoryObjectStore());
    await bucket.save({ 'a.txt': 'nobody needs this' });
    await bucket.collect();
    const { slow, open, reached } = withSlowDelete(bucket.objects, objectKeys.blob(sha256Of('nobody needs this')));
    const first = bucket.collect({ through: slow });
    await reached;
    await expect(bucket.collect()).rejects.toThrow('another `judo artifacts gc` sweeps memory');
    open();
    expect((await first).deleted.objects).toBe(2);
  });
});
