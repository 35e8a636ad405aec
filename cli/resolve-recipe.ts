import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { STAGE_KINDS } from '../contracts/stages/index.js';
import type { Plan } from '../contracts/plan.js';
import type { ArtifactStore, TransferOptions } from '../contracts/ports/artifact-store.js';
import { requireFolder, resolveSources, type SourceMode } from '../activities/sources/sources.js';
import { readRecipe, RecipeFileError } from '../workflows/core/read-recipe.js';
import { RecipeError, resolvePlan } from '../workflows/core/resolve-plan.js';
import { CliError, EXIT } from './exit-codes.js';

export interface ResolveOptions {
  readonly data?: string;
  readonly set: readonly string[];
  readonly until?: string;
  /** Stage -> nonce that makes its key new. */
  readonly force: Readonly<Record<string, string>>;
}

/** A recipe file and the command line's changes -> a plan. Errors name file, line and the nearest known word. */
export async function resolveRecipe(
  file: string,
  options: ResolveOptions,
  artifacts: ArtifactStore,
  mode: SourceMode,
  transfer?: TransferOptions,
): Promise<Plan> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      EXIT.usage,
      `${file}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`,
      'Recipes of this project are in recipes/.',
    );
  });
  const { recipe, locate } = readRecipe(text, file, options.set);
  const root = options.data ?? (isAbsolute(recipe.data.root) ? recipe.data.root : join(dirname(file), recipe.data.root));
  const name = recipe.name ?? basename(file).replace(/\.ya?ml$/, '');
  const command = [
    'judo run',
    file,
    ...(options.data === undefined ? [] : ['--data', options.data]),
    ...options.set.flatMap((word) => ['-s', word]),
  ].join(' ');
  const at = (sources: Plan['sources']) => {
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
  at({ data: { ...unknown, root, demoPlant: false }, model: { ...unknown, name: recipe.model, tiny: recipe.model === 'tiny' } });
  await requireFolder(root);
  return at(await resolveSources(recipe, root, artifacts, mode, transfer));
}
