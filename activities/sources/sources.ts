import { access, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import type { ArtifactRef } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ModelRef, Plan } from '../../contracts/plan.js';
import type { ArtifactStore, TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { Recipe } from '../../contracts/recipe.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { datasetFiles, readMmad } from '../datasets/mmad.js';

/** `digest` only computes what a plan needs; `save` also uploads, so that any worker on any machine can read it. */
export type SourceMode = 'digest' | 'save';

/** The artifacts a recipe starts from: its dataset (only the files a run can read) and its base model. */
export async function resolveSources(
  recipe: Recipe,
  dataRoot: string,
  artifacts: ArtifactStore,
  mode: SourceMode,
  transfer: TransferOptions = {},
): Promise<Plan['sources']> {
  const take = mode === 'save' ? artifacts.saveFiles.bind(artifacts) : artifacts.digestFiles.bind(artifacts);
  const root = resolve(dataRoot);
  const files = datasetFiles(await readMmad(root));
  const demoPlant = await exists(join(root, 'demo-plant.json'));
  const data = { artifact: await take(root, files, transfer), root, demoPlant };
  return { data, model: { artifact: await modelArtifact(recipe, take), name: recipe.model, tiny: recipe.model === 'tiny' } };
}

async function modelArtifact(recipe: Recipe, take: ArtifactStore['saveFiles']): Promise<ArtifactRef> {
  if (recipe.model === 'tiny') return refArtifact({ kind: 'tiny', seed: recipe.seed }, take);
  if (await exists(join(recipe.model, 'config.json'))) return take(resolve(recipe.model), await filesBelow(resolve(recipe.model)));
  if (recipe.model.startsWith('.') || recipe.model.startsWith('/')) {
    throw new StageError({
      type: 'InvalidSpec',
      message: `model: ${recipe.model} holds no config.json`,
      remedy: 'Give a directory that from_pretrained can load, a hub name, or `tiny`.',
    });
  }
  return refArtifact({ kind: 'hub', name: recipe.model, revision: recipe.modelRevision ?? null }, take);
}

/** A model that is made or fetched where it is used: its tree is one file that names it. */
async function refArtifact(ref: ModelRef, take: ArtifactStore['saveFiles']): Promise<ArtifactRef> {
  const directory = await mkdtemp(join(tmpdir(), 'judo-model-'));
  try {
    await writeFile(join(directory, 'model-ref.json'), canonicalJson(ref));
    return await take(directory, ['model-ref.json']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return files.sort();
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Throws a clear error where the dataset's folder is not there at all. */
export async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isDirectory()) {
    throw new StageError({
      type: 'InvalidSpec',
      message: `data root ${resolve(path)} is not a folder`,
      remedy: 'Give the folder that holds mmad.json: --data PATH, or data.root in the recipe (relative to the recipe file).',
    });
  }
}
