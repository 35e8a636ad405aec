import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { attemptFolders } from './attempt.js';
import { metricsText, readMetrics, type StepMetrics } from './metrics.js';

/** A committed checkpoint on this disk: `<folder>/checkpoints/<step>/` with its manifest, and `<folder>/metrics-<step>.jsonl`. */
export interface LocalCheckpoint {
  readonly folder: string;
  readonly step: number;
}

export const checkpointDirectory = ({ folder, step }: LocalCheckpoint): string => join(folder, 'checkpoints', String(step));
const metricsFile = ({ folder, step }: LocalCheckpoint): string => join(folder, `metrics-${step}.jsonl`);

/** Takes a checkpoint over once the trainer said that it is committed: from here on an attempt may go on from it. */
export async function takeCheckpoint(checkpoint: LocalCheckpoint, metrics: readonly StepMetrics[]): Promise<void> {
  const file = metricsFile(checkpoint);
  await writeFile(`${file}.partial`, metricsText(metrics.filter(({ step }) => step <= checkpoint.step)));
  await rename(`${file}.partial`, file);
}

/** The metrics of every step up to a checkpoint. */
export const checkpointMetrics = async (checkpoint: LocalCheckpoint): Promise<StepMetrics[]> =>
  readMetrics(await readFile(metricsFile(checkpoint), 'utf8'));

/** Files of a checkpoint, relative to its folder: what its tree holds. */
export async function checkpointFiles(checkpoint: LocalCheckpoint): Promise<string[]> {
  const entries = await readdir(checkpointDirectory(checkpoint), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return [...files, metricsFile(checkpoint)].map((file) => relative(checkpoint.folder, file));
}

/** Committed checkpoints in a folder of an attempt or of a filed tree, newest first. */
export async function checkpointsIn(folder: string): Promise<LocalCheckpoint[]> {
  const steps = (await readdir(join(folder, 'checkpoints')).catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(steps.map(async (step) => ((await isWhole({ folder, step })) ? [{ folder, step }] : [])));
  return found.flat().sort(newestFirst);
}

/** Committed checkpoints of a stage on this host, whichever attempt wrote them, newest first. */
export async function localCheckpoints(stageFolder: string): Promise<LocalCheckpoint[]> {
  const found = await Promise.all((await attemptFolders(stageFolder)).map(checkpointsIn));
  return found.flat().sort(newestFirst);
}

/**
 * Frees the disk: keeps the newest checkpoints and those in `needed`, and of earlier attempts nothing else. The current
 * attempt's folder keeps what is no checkpoint.
 */
export async function pruneCheckpoints(
  stageFolder: string,
  options: { currentFolder: string; keep: number; needed: readonly LocalCheckpoint[] },
): Promise<void> {
  const all = await localCheckpoints(stageFolder);
  const kept = new Set([...all.slice(0, options.keep), ...options.needed].map(checkpointDirectory));
  for (const checkpoint of all.filter((one) => !kept.has(checkpointDirectory(one)))) {
    // The metrics go first: without them the checkpoint no longer counts, however much of it is still there.
    await rm(metricsFile(checkpoint), { force: true });
    await rm(checkpointDirectory(checkpoint), { recursive: true, force: true });
  }
  for (const folder of await attemptFolders(stageFolder)) {
    if (folder === options.currentFolder) continue;
    if ((await checkpointsIn(folder)).length === 0) await rm(folder, { recursive: true, force: true });
    else await removeUncommitted(folder);
  }
}

/** What a killed trainer had half written. */
async function removeUncommitted(folder: string): Promise<void> {
  const committed = new Set((await checkpointsIn(folder)).map(({ step }) => String(step)));
  for (const name of await readdir(join(folder, 'checkpoints'))) {
    if (!committed.has(name)) await rm(join(folder, 'checkpoints', name), { recursive: true, force: true });
  }
}

async function isWhole(checkpoint: LocalCheckpoint): Promise<boolean> {
  const files = [join(checkpointDirectory(checkpoint), 'manifest.json'), metricsFile(checkpoint)];
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return found.every((file) => file !== null);
}

const newestFirst = (a: LocalCheckpoint, b: LocalCheckpoint): number => b.step - a.step;
