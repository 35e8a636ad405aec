import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { createPlanStore } from '../../activities/stage/plan-store.js';
import { collectGarbage, type CollectOptions } from '../../activities/retention/collect.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { Plan } from '../../contracts/plan.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { StageRecord } from '../../contracts/record.js';
import type { RunStatus } from '../../contracts/run.js';
import { readyStages } from '../../workflows/core/schedule.js';
import { folderWith, temporaryFolder } from '../artifacts/temporary-folders.js';
import { planOf } from '../support/stage-lab.js';

export const GRACE_MS = 24 * 3_600_000;

/** A bucket, and a collector whose clock is set forward by the test: each `collect` is `later` after the one before. */
export async function openBucket(objects: ObjectStore) {
  const artifacts = createArtifactStore({ objects, cacheDir: await temporaryFolder() });
  const plans = createPlanStore(objects);
  const stores = { objects, artifacts, plans };
  let at = Date.now();
  return {
    ...stores,
    /** The stores as another process sees them, with a machine's cache of its own. */
    async elsewhere(through: ObjectStore = objects) {
      return createArtifactStore({ objects: through, cacheDir: await temporaryFolder() });
    },
    collect({
      laterMs = GRACE_MS,
      through = objects,
      ...options
    }: Partial<CollectOptions> & { laterMs?: number; through?: ObjectStore } = {}) {
      at += laterMs;
      const now = new Date(at);
      return collectGarbage(
        { ...stores, objects: through },
        { policy: { keepRunsMs: null, keepLast: null }, graceMs: GRACE_MS, now: () => now, ...options },
      );
    },
    /** Until the store's own clock has moved on: S3 counts seconds, where in life an hour passes before an object is listed. */
    async nextMoment() {
      const probe = async () => {
        await objects.put('v0/probe', '');
        return (await objects.head('v0/probe'))!.modified.getTime();
      };
      for (const first = await probe(); (await probe()) === first;);
    },
    /** When the collector thinks it is. */
    now: () => new Date(at),
    async keys(prefix: string): Promise<string[]> {
      const keys: string[] = [];
      for await (const { key } of objects.list(prefix)) keys.push(key);
      return keys;
    },
    save: async (files: Record<string, string | Buffer>) => artifacts.save(await folderWith(files)),
    /** A run of one stage: its plan, the stage's record and output unless `unfinished`, and the run's record. */
    async run(name: string, options: Partial<RunStatus> & { unfinished?: boolean } = {}) {
      const { unfinished = false, ...status } = options;
      const plan: Plan = planOf(name, [['train', [], { of: name }]]);
      const digest = await plans.file(plan);
      const [candidate] = readyStages(plan, new Map(), new Set());
      const out = await artifacts.save(await folderWith({ 'out.txt': `made by ${name}` }));
      if (!unfinished) await artifacts.fileRecord(recordOf(candidate!.key, name, { out }));
      const run: RunStatus = {
        ...{ schemaVersion: 1, run: name, plan: digest, planName: name, state: 'completed', paused: false, limits: {}, keepGoing: true },
        ...{ startedAt: new Date(at).toISOString(), finishedAt: new Date(at).toISOString(), stages: [], decisions: [] },
        ...status,
      };
      await objects.put(objectKeys.run(name), JSON.stringify(run));
      return { key: candidate!.key, out, plan: digest };
    },
  };
}
export type Bucket = Awaited<ReturnType<typeof openBucket>>;

export function recordOf(key: string, run: string, outputs: StageRecord['outputs']): StageRecord {
  return {
    ...{ schemaVersion: 1, key, stage: 'train', kind: 'seg-jux', implementationVersion: 1, params: { name: 'train' }, inputs: {}, outputs },
    ...{ summary: {}, standIns: [], run, attempts: 1, environment: {} },
    ...{ startedAt: '2026-11-21T02:00:00.000Z', finishedAt: '2026-11-21T02:10:00.000Z' },
  };
}
