import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { listRecords } from '../../activities/artifacts/listing.js';
import { startedPlans } from '../../cli/collect-garbage.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { SweepPlan } from '../../contracts/plan.js';
import type { RunStatus } from '../../contracts/run.js';
import { loadSettings } from '../../infra/settings.js';
import { digestOf } from '../../workflows/core/stage-key.js';
import { temporaryFolder } from '../artifacts/temporary-folders.js';
import { startTestS3, type TestS3 } from '../support/s3.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { openBucket, recordOf, type Bucket } from './garbage.js';
import { eventually, gate } from '../support/waiting.js';

let s3: TestS3;
beforeAll(async () => {
  s3 = await startTestS3();
});
afterAll(() => s3.stop());

/**
 * Collects again and again while `work` goes on, each time after the grace by the collector's clock. What the grace stands for is
 * kept: whatever was between saving and recording when a list was made has ended before that list is swept.
 */
async function collectWhile(
  bucket: Bucket,
  work: Promise<unknown>,
  inFlight: () => Promise<unknown>[],
  onDeleted: (objects: number) => void,
  options: Parameters<Bucket['collect']>[0] = {},
): Promise<void> {
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  while (!isOver) {
    onDeleted((await bucket.collect(options)).deleted.objects);
    await Promise.allSettled(inFlight());
    await bucket.nextMoment();
    // One process does it all: the work gets its turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await over;
}

/** Every record's outputs, read again from the store past every cache. */
async function damagedOutputs(bucket: Bucket): Promise<string[]> {
  const outputs = (await listRecords(bucket)).flatMap((record) => Object.values(record.outputs));
  const verdicts = await Promise.all(outputs.map(({ digest }) => bucket.artifacts.verify(digest)));
  return verdicts.flatMap((verdict) => verdict.problems);
}

for (const [name, make, rounds] of [
  ['memory', async () => createMemoryObjectStore(), 60],
  ['a real S3 server', () => s3.bucket(), 14],
] as const)
  describe(`collecting in a loop, in ${name}`, () => {
    test('four hosts save what the collector is about to delete: every record’s outputs are whole', async () => {
      const bucket = await openBucket(await make());
      await bucket.run('kept');
      const inFlight = new Set<Promise<unknown>>();
      const problems: string[] = [];
      let deleted = 0;
      let pass = gate();
      /** Its contents come back after some rounds: meanwhile they are garbage, listed, and deleted. */
      const host = async (seed: number) => {
        const artifacts = await bucket.elsewhere();
        const folder = await temporaryFolder();
        for (let round = 0; round < rounds; round += 1) {
          const next = pass;
          const stage = (async () => {
            await writeFile(join(folder, 'a'), `of every host ${(round * round) % 7}`);
            await writeFile(join(folder, 'b'), `of host ${seed}: ${(round * round + seed) % 5}`);
            const out = await artifacts.save(folder);
            // Half of them are swept between their save and their record.
            if ((round + seed) % 2 === 0) await next.opened;
            return artifacts.fileRecord(recordOf(digestOf({ seed, round }), 'kept', { out }));
          })();
          inFlight.add(stage);
          const record = await stage.finally(() => inFlight.delete(stage));
          await pass.opened;
          problems.push(...(await bucket.artifacts.verify(record.outputs['out']!.digest)).problems);
          // A record that goes makes its outputs garbage.
          if (round % 8 > 0) await bucket.objects.delete(objectKeys.record(record.key));
        }
      };
      const onPass = (objects: number) => {
        deleted += objects;
        pass.open();
        pass = gate();
      };
      await collectWhile(bucket, Promise.all([0, 1, 2, 3].map(host)), () => [...inFlight], onPass);
      expect([...problems, ...(await damagedOutputs(bucket))]).toEqual([]);
      expect(deleted).toBeGreaterThan(rounds / 2);
    });
  });

test('runs on a real worker, collected in a loop: all complete, each stage runs once, nothing that a record names is lost', async () => {
  const inFlight = new Map<string, Promise<unknown>>();
  const lab = await openLab('retention-test', async (_id, { task }) => void inFlight.set(task.key, recorded(task.key)));
  const recorded = async (key: string) => {
    while ((await lab.objects.head(objectKeys.record(key))) === null) await new Promise((resolve) => setTimeout(resolve, 2));
    inFlight.delete(key);
  };
  try {
    const bucket = await openBucket(lab.objects);
    const stages = ['a', 'b', 'c', 'd', 'e'];
    const planned = Array.from({ length: 8 }, (_, n) =>
      planOf(
        `plan-${n}`,
        stages.map((id, at) => [id, at === 0 ? [] : [stages[at - 1]!], at < 2 ? {} : { variant: n % 4 }] as const),
      ),
    );
    // The very trees that the stages will make are in the bucket as garbage, about to be listed and deleted.
    for (const { id, params } of planned.flatMap((plan) => plan.stages))
      await bucket.save({ 'made-by': `${id} ${JSON.stringify(params)}` });
    await bucket.collect();
    const work = (async () => {
      for (const some of [planned.slice(0, 4), planned.slice(4)])
        await Promise.all(some.map(async (plan, n) => (await lab.start(`${plan.name}-${process.pid}-${n}`, plan)).result()));
    })();
    let deleted = 0;
    await collectWhile(
      bucket,
      work,
      () => [...inFlight.values()],
      (objects) => (deleted += objects),
    );
    expect(deleted).toBeGreaterThan(0);
    // Two shared stages, and three for each of four variants.
    expect([...lab.executed.values()].reduce((sum, times) => sum + times, 0)).toBe(2 + 3 * 4);
    expect(await listRecords(bucket)).toHaveLength(2 + 3 * 4);
    expect(await damagedOutputs(bucket)).toEqual([]);
    for (let round = 0; round < 3; round += 1) await bucket.collect();
    expect(await bucket.keys('v1/trees/')).toHaveLength(2 + 3 * 4);
  } finally {
    await lab.close();
  }
});

test('a sweep on a real worker and a real S3 server, collected in a loop, makes what an undisturbed one makes', async () => {
  const stages = ['data', 'train', 'judge', 'eval'];
  /** Eight variants of four stages: one that all share, three that pairs of them share. */
  const variants = Array.from({ length: 8 }, (_, n) => ({
    ...{ name: `v${n}`, set: { variant: n % 4 }, seed: null },
    plan: planOf(
      `v${n}`,
      stages.map((id, at) => [id, at === 0 ? [] : [stages[at - 1]!], at === 0 ? {} : { variant: n % 4 }] as const),
    ),
  }));
  const runSweep = async (lab: Lab, run: string): Promise<RunStatus> => {
    const filed = variants.map(async ({ plan, ...variant }) => ({ ...variant, plan: await lab.plans.file(plan) }));
    const sweep: SweepPlan = { schemaVersion: 1, name: 'swept', command: 'judo sweep run swept.yaml', variants: await Promise.all(filed) };
    const handle = await lab.start(run, sweep, { limits: { parallel: 6 } });
    await handle.result();
    return lab.status(handle);
  };
  /** What each stage is called, its key, and what it made. */
  const made = ({ stages: all }: RunStatus) => all.map(({ stage, key, artifacts }) => [stage, key, artifacts]);

  const quiet = await openLab('retention-test', async () => undefined);
  const expected = await runSweep(quiet, `quiet-${process.pid}`);
  await quiet.close();

  const inFlight = new Map<string, Promise<unknown>>();
  let deleted = 0;
  let pass = gate();
  const recorded = async (key: string) => {
    await eventually(async () => (await lab.objects.head(objectKeys.record(key))) !== null);
    inFlight.delete(key);
  };
  const lab = await openLab(
    'retention-test',
    async (_id, { task }) => {
      // At least one collection goes over the store between any stage and the next.
      await pass.opened;
      inFlight.set(task.key, recorded(task.key));
    },
    { objects: await s3.bucket() },
  );
  try {
    const bucket = await openBucket(lab.objects);
    // The very trees that the stages will make are in the bucket as garbage, listed, and due to be deleted.
    for (const { id, params } of variants.flatMap(({ plan }) => plan.stages))
      await bucket.save({ 'made-by': `${id} ${JSON.stringify(params)}` });
    await bucket.collect();
    const onPass = (objects: number) => {
      deleted += objects;
      pass.open();
      pass = gate();
    };
    const stores = { objects: lab.objects, artifacts: bucket.artifacts, plans: lab.plans };
    const session = { settings: loadSettings({}), stores: async () => stores, temporal: async () => lab.client };
    let status: RunStatus | undefined;
    const work = runSweep(lab, `collected-${process.pid}`).then((ended) => (status = ended));
    await collectWhile(bucket, work, () => [...inFlight.values()], onPass, { startedPlans: () => startedPlans(session) });
    expect(deleted).toBeGreaterThan(0);
    expect(made(status!)).toEqual(made(expected));
    expect(new Set(status!.stages.map(({ outcome }) => outcome))).toEqual(new Set(['ran']));
    expect(Object.fromEntries(lab.executed)).toEqual({ data: 1, train: 4, judge: 4, eval: 4 });
    expect(await listRecords(bucket)).toHaveLength(1 + 3 * 4);
    expect(await damagedOutputs(bucket)).toEqual([]);
    for (let round = 0; round < 3; round += 1) await bucket.collect();
    expect(await bucket.keys('v1/trees/')).toHaveLength(1 + 3 * 4);
    expect(await damagedOutputs(bucket)).toEqual([]);
  } finally {
    pass.open();
    await lab.close();
  }
});
