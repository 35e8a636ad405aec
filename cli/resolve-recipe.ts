import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { STAGE_KINDS } from '../contracts/stages/index.js';
import type { Plan } from '../contracts/plan.js';
import type { ArtifactStore, TransferOptions } from '../contracts/ports/artifact-store.js';
import { requireFolder, resolveSources, type SourceMode } from '../activities/sources/sources.js';
import { readRecipe, RecipeFileError } from '../workflows/core/read-recipe.js';
import { RecipeError } from '../workflows/core/recipe-error.js';
import { resolvePlan } from '../workflows/core/resolve-plan.js';
import { CliError, EXIT } from './exit-codes.js';

export interface ResolveOptions {
  readonly data?: string;
  readonly set: readonly string[];
  readonly until?: string;
  /** Stage -> nonce that makes its key new. */
  readonly force: Readonly<Record<string, string>>;
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'this is a folder, not a recipe file',
  EACCES: 'may not be read',
};

/** A recipe file and the command line's changes -> a plan. Errors name file, line and the nearest known word. */
export async function resolveRecipe(
  file: string,
  options: ResolveOptions,
  artifacts: ArtifactStore,
  mode: SourceMode,
  transfer?: TransferOptions,
): Promise<Plan> {
  const { recipe, root, resolveWith } = await readRecipeFile(file, options);
  return resolveWith(await resolveSources(recipe, root, artifacts, mode, transfer));
}

/** Throws what is wrong with a recipe file, its data folder and the command line's changes. Needs no server. */
export async function checkRecipe(file: string, options: ResolveOptions): Promise<void> {
  await readRecipeFile(file, options);
}

/** A recipe's or sweep's text. `where`: what the error begins with. */
export async function readText(file: string, where = file): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      EXIT.usage,
      `${where}: ${UNREADABLE[error.code ?? ''] ?? error.message}`,
      'Recipes of this project are in recipes/.',
    );
  });
}

async function readRecipeFile(file: string, options: ResolveOptions) {
  const text = await readText(file);
  const { recipe, locate } = readRecipe(text, file, options.set);
  const root = options.data ?? (isAbsolute(recipe.data.root) ? recipe.data.root : join(dirname(file), recipe.data.root));
  const name = recipe.name ?? nameOf(file);
  const command = [
    'judo',
    'run',
    file,
    ...(options.data === undefined ? [] : ['--data', options.data]),
    ...options.set.flatMap((word) => ['-s', word]),
  ]
    .map(asTyped)
    .join(' ');
  const resolveWith = (sources: Plan['sources']): Plan => {
    try {
      const until = options.until === undefined ? {} : { until: options.until };
      return resolvePlan(recipe, sources, STAGE_KINDS, { name, command, force: options.force, ...until });
    } catch (error) {
      if (error instanceof RecipeError) throw new RecipeFileError(error.problems.map(locate));
      throw error;
    }
  };
  // The recipe's own mistakes are told before gigabytes are read.
  const unknown = { artifact: { digest: '0'.repeat(64), files: 0, bytes: 0 } };
  resolveWith({ data: { ...unknown, root, demoPlant: false }, model: { ...unknown, name: recipe.model, tiny: recipe.model === 'tiny' } });
  await requireFolder(root);
  return { recipe, root, resolveWith };
}

/** A recipe that names itself by its file: what a run may not be called is left out. */
export const nameOf = (file: string): string =>
  basename(file)
    .replace(/\.ya?ml$/, '')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '') || 'recipe';

/** A word as a shell takes it. */
export const asTyped = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
