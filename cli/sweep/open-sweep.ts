import { dirname, isAbsolute, join } from 'node:path';
import { resolveSources, requireFolder, type SourceMode } from '../../activities/sources/sources.js';
import type { ArtifactRef } from '../../contracts/artifact.js';
import type { Plan, SweepPlan } from '../../contracts/plan.js';
import type { ArtifactStore, TransferOptions } from '../../contracts/ports/artifact-store.js';
import type { Recipe } from '../../contracts/recipe.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { SweepFile } from '../../contracts/sweep.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { openRecipe } from '../../workflows/core/read-recipe.js';
import { readSweep } from '../../workflows/core/read-sweep.js';
import { modelKey, resolveSweep, type SweepVariant } from '../../workflows/core/resolve-sweep.js';
import { asTyped, nameOf, readText } from '../resolve-recipe.js';

/** A variant with its plan. */
export interface PlannedVariant extends Omit<SweepPlan['variants'][number], 'plan'> {
  readonly plan: Plan;
}

/** A sweep file, valid as a whole. */
export interface OpenSweep {
  readonly name: string;
  readonly sweep: SweepFile;
  readonly metric?: NonNullable<SweepPlan['metric']>;
  /** What a person types to run it again. */
  readonly command: string;
  readonly variants: readonly SweepVariant[];
  /** Every variant's plan. Data and models are read once each. */
  plan(artifacts: ArtifactStore, mode: SourceMode, transfer?: TransferOptions): Promise<PlannedVariant[]>;
}

/** Reads a sweep file and its recipe, and checks the whole grid and the data folders. Needs no server. */
export async function openSweep(file: string, options: { data?: string }): Promise<OpenSweep> {
  const source = readSweep(await readText(file), file);
  const { sweep } = source;
  const recipeFile = isAbsolute(sweep.recipe) ? sweep.recipe : join(dirname(file), sweep.recipe);
  const recipeText = await readText(recipeFile, `${source.at(['recipe'])}: recipe: ${recipeFile}`);
  const { variants, metric } = resolveSweep(source, openRecipe(recipeText, recipeFile), STAGE_KINDS);
  const rootOf = ({ data }: Recipe) => options.data ?? (isAbsolute(data.root) ? data.root : join(dirname(recipeFile), data.root));
  for (const root of new Set(variants.map(({ recipe }) => rootOf(recipe)))) await requireFolder(root);
  const name = sweep.name ?? nameOf(file);
  const withData = options.data === undefined ? [] : ['--data', options.data];
  const typed = (...words: readonly string[]) => ['judo', ...words].map(asTyped).join(' ');
  return {
    ...{ name, sweep, variants, command: typed('sweep', 'run', file, ...withData) },
    ...(metric === undefined ? {} : { metric }),
    async plan(artifacts, mode, transfer) {
      const sourcesOf = sourceReader(artifacts, mode, transfer);
      const planned: PlannedVariant[] = [];
      for (const { name: variant, set, seed, recipe, words, resolve } of variants) {
        const command = typed('run', recipeFile, ...withData, ...words.flatMap((word) => ['-s', word]));
        const sources = await sourcesOf(recipe, rootOf(recipe));
        planned.push({ name: variant, set, seed, plan: resolve(sources, { name: `${name}/${variant}`, command }) });
      }
      return planned;
    },
  };
}

/** Sources by recipe: a folder of data is read once, whatever the models, and a model once, whatever the variants. */
function sourceReader(artifacts: ArtifactStore, mode: SourceMode, transfer?: TransferOptions) {
  const sources = new Map<string, Promise<Plan['sources']>>();
  const trees = new Map<string, Promise<ArtifactRef>>();
  const once =
    (take: ArtifactStore['saveFiles']): ArtifactStore['saveFiles'] =>
    (root, paths, options) =>
      remembered(trees, `${root} ${paths.length}`, () => take(root, paths, options));
  const reading: ArtifactStore = {
    ...artifacts,
    saveFiles: once(artifacts.saveFiles.bind(artifacts)),
    digestFiles: once(artifacts.digestFiles.bind(artifacts)),
  };
  return (recipe: Recipe, root: string) =>
    remembered(sources, canonicalJson([root, modelKey(recipe)]), () => resolveSources(recipe, root, reading, mode, transfer));
}

function remembered<Value>(known: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}
