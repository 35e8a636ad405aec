import { z } from 'zod';
import { StageError } from '../../contracts/failure.js';
import type { NightlyDefinition } from '../../contracts/nightly.js';
import type { Plan } from '../../contracts/plan.js';
import type { ArtifactStore, TransferOptions } from '../../contracts/ports/artifact-store.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import { FRESH_TEACHER } from '../../contracts/stages/teacher-params.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { readRecipe, RecipeFileError } from '../../workflows/core/read-recipe.js';
import { RecipeError } from '../../workflows/core/recipe-error.js';
import { resolvePlan } from '../../workflows/core/resolve-plan.js';
import { requireFolder, resolveSources, type SourceMode } from '../sources/sources.js';

type Resolvable = Pick<NightlyDefinition, 'name' | 'recipe' | 'dataRoot' | 'sets' | 'command' | 'freshTeacher'>;

/**
 * A nightly's plan for the night that was due at a moment. The moment is in every key: as the stages' salt, and as a forced
 * rerun of those that read no salt (the report). The same night planned twice has the same keys.
 */
export async function planNight(
  definition: Resolvable,
  dueAt: string,
  artifacts: ArtifactStore,
  mode: SourceMode,
  transfer: TransferOptions = {},
): Promise<Plan> {
  const { recipe: source, dataRoot, sets, command, freshTeacher } = definition;
  try {
    const { recipe, locate } = readRecipe(source.text, source.file, sets);
    const salt = freshTeacher ? `${FRESH_TEACHER}${dueAt}` : dueAt;
    const unsalted = Object.entries(recipe.stages).filter(([id, { kind }]) => {
      const known = STAGE_KINDS[kind ?? id];
      return known !== undefined && !('salt' in known.params.shape);
    });
    const options = { name: recipe.name ?? definition.name, command, salt, force: Object.fromEntries(unsalted.map(([id]) => [id, salt])) };
    const resolveWith = (sources: Plan['sources']) => {
      try {
        return resolvePlan(recipe, sources, STAGE_KINDS, options);
      } catch (error) {
        if (error instanceof RecipeError) throw new RecipeFileError(error.problems.map(locate));
        throw error;
      }
    };
    // The recipe's own mistakes are told before gigabytes are read.
    const unknown = { artifact: { digest: '0'.repeat(64), files: 0, bytes: 0 } };
    resolveWith({ data: { ...unknown, root: dataRoot, demoPlant: false }, model: { ...unknown, name: recipe.model, tiny: false } });
    await requireFolder(dataRoot);
    return resolveWith(await resolveSources(recipe, dataRoot, artifacts, mode, transfer));
  } catch (error) {
    if (!(error instanceof RecipeFileError)) throw error;
    throw new StageError(
      {
        type: 'InvalidSpec',
        message: error.message,
        remedy: `Mend ${source.file}, then \`judo nightly create\` with the same name again.`,
      },
      { cause: error },
    );
  }
}

const Salted = z.looseObject({ salt: z.string().optional() });

/** What two nights' plans differ in beside the night itself: why their figures may differ. */
export function planDifferences(before: Plan, now: Plan): string[] {
  const bare = ({ stages }: Plan, pick: (stage: Plan['stages'][number]) => unknown) =>
    canonicalJson(stages.map((stage) => [stage.id, pick(stage)]));
  const params = (stage: Plan['stages'][number]) => {
    const { salt: _, ...rest } = Salted.parse(stage.params);
    return [rest, stage.inputs];
  };
  const plain = (plan: Plan) => ({
    ...plan,
    stages: plan.stages.map((stage) => ({
      ...stage,
      inputs: Object.fromEntries(Object.entries(stage.inputs).filter(([, source]) => source.from === 'stage')),
    })),
  });
  return [
    ...(before.sources.data.artifact.digest === now.sources.data.artifact.digest ? [] : ['the data are others']),
    ...(before.sources.model.artifact.digest === now.sources.model.artifact.digest ? [] : ['the base model is another']),
    ...(bare(plain(before), params) === bare(plain(now), params) ? [] : ['the recipe is another']),
    ...(bare(before, (stage) => stage.implementationVersion) === bare(now, (stage) => stage.implementationVersion)
      ? []
      : ["the stages' code is another version"]),
  ];
}
