import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';

/** One attempt at a stage on this host: a folder of its own, and the right to act for the stage until a newer attempt begins. */
export interface Attempt {
  /** `<workDir>/jobs/<stageKey>/`, which all attempts on this host share. */
  readonly stageFolder: string;
  /** This attempt's own folder in it. */
  readonly folder: string;
  /** Throws when a newer attempt at the stage began on this host: this one must end, and commit nothing. */
  assertCurrent(): Promise<void>;
}

const FENCE = 'current-attempt';

/** Makes this attempt the current one: the last one to begin wins, and every earlier one finds that out by `assertCurrent`. */
export async function beginAttempt(workDir: string, stageKey: string, attempt: number): Promise<Attempt> {
  const stageFolder = join(workDir, 'jobs', stageKey);
  const token = `attempt-${attempt}-${randomUUID()}`;
  const folder = join(stageFolder, token);
  await mkdir(folder, { recursive: true });
  const written = join(folder, 'fence');
  await writeFile(written, token);
  await rename(written, join(stageFolder, FENCE));
  return {
    stageFolder,
    folder,
    async assertCurrent() {
      const current = await readFile(join(stageFolder, FENCE), 'utf8').catch(() => 'no attempt: the folder was removed');
      if (current === token) return;
      throw new StageError({
        type: 'Transient',
        message: `attempt ${token} at ${stageKey} was overtaken by ${current}: it ends and commits nothing`,
      });
    },
  };
}

/** Attempt folders of a stage, also those of attempts that died. */
export async function attemptFolders(stageFolder: string): Promise<string[]> {
  const entries = await readdir(stageFolder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(stageFolder, entry.name));
}

/** Removes what attempts at finished stages left on this host: a stage with a record needs no checkpoint. */
export async function removeFinishedStages(workDir: string, artifacts: Pick<ArtifactStore, 'record'>): Promise<void> {
  const keys = await readdir(join(workDir, 'jobs')).catch(() => []);
  for (const key of keys) {
    if ((await artifacts.record(key)) !== null) await rm(join(workDir, 'jobs', key), { recursive: true, force: true });
  }
}
