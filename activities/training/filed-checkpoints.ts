import { FiledCheckpoint } from '../../contracts/checkpoint.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError, type FailureType } from '../../contracts/failure.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { checkpointFiles, checkpointsIn, type LocalCheckpoint } from './local-checkpoints.js';

interface Stores {
  readonly artifacts: ArtifactStore;
  readonly objects: ObjectStore;
}

/** Two: should the newest one prove unreadable, there is one before it. */
export const KEPT_CHECKPOINTS = 2;

const DAMAGED: ReadonlySet<FailureType> = new Set<FailureType>(['ArtifactMissing', 'DigestMismatch']);

/** Uploads a checkpoint's tree, then files its manifest, then forgets all but the newest two. Safe to repeat. */
export async function fileCheckpoint(
  { artifacts, objects }: Stores,
  stageKey: string,
  checkpoint: LocalCheckpoint,
  options: { signal?: AbortSignal; assertCurrent: () => Promise<void> },
): Promise<void> {
  const tree = await artifacts.saveFiles(
    checkpoint.folder,
    await checkpointFiles(checkpoint),
    options.signal ? { signal: options.signal } : {},
  );
  const manifest: FiledCheckpoint = { schemaVersion: 1, stageKey, step: checkpoint.step, tree };
  // Between hosts no fence is needed: a checkpoint of the key is right for the key, whoever wrote it, and the first one stays.
  await options.assertCurrent();
  await objects.put(objectKeys.checkpoint(stageKey, checkpoint.step), JSON.stringify(manifest), {
    ifAbsent: true,
    contentType: 'application/json',
  });
  const keys = await filedKeys(objects, stageKey);
  for (const key of keys.slice(KEPT_CHECKPOINTS)) await objects.delete(key);
}

/** Step of the newest filed checkpoint, or null. */
export async function newestFiledStep(objects: ObjectStore, stageKey: string): Promise<number | null> {
  const newest = (await filedKeys(objects, stageKey))[0];
  return newest === undefined ? null : stepOf(newest);
}

/** Fetches the newest filed checkpoint beyond `step` that can be read whole; a damaged one is passed over for the one before it. */
export async function fetchCheckpoint(
  { artifacts, objects }: Stores,
  stageKey: string,
  options: { beyondStep: number; signal: AbortSignal; onFetch: (step: number) => void },
): Promise<LocalCheckpoint | null> {
  for (const key of await filedKeys(objects, stageKey)) {
    if (stepOf(key) <= options.beyondStep) return null;
    const body = await objects.get(key);
    const manifest = body === null ? undefined : FiledCheckpoint.safeParse(JSON.parse(body.toString('utf8'))).data;
    if (manifest === undefined) continue;
    options.onFetch(manifest.step);
    try {
      const folder = await artifacts.materialize(manifest.tree.digest, { signal: options.signal });
      const checkpoint = (await checkpointsIn(folder)).find(({ step }) => step === manifest.step);
      if (checkpoint !== undefined) return checkpoint;
    } catch (error) {
      if (!(error instanceof StageError && DAMAGED.has(error.failure.type))) throw error;
    }
  }
  return null;
}

/** Keys of the stage's filed checkpoints, newest first. */
async function filedKeys(objects: ObjectStore, stageKey: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(objectKeys.checkpoints(stageKey))) keys.push(key);
  return keys.sort((a, b) => stepOf(b) - stepOf(a));
}

const stepOf = (key: string): number => Number(/(\d+)\.json$/.exec(key)?.[1] ?? -1);
