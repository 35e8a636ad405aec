import { parseDocument } from 'yaml';
import { Recipe } from '../../contracts/recipe.js';
import { nearest } from './nearest.js';
import { problemsOf, readYaml, RecipeFileError } from './read-yaml.js';
import type { RecipeProblem } from './recipe-error.js';

export { RecipeFileError } from './read-yaml.js';

export interface RecipeSource {
  readonly recipe: Recipe;
  /** `file:line:column: message` of a problem found later (unknown parameter, circle), at the nearest place in the file. */
  readonly locate: (problem: RecipeProblem) => string;
}

/** One value that is put into a recipe before it is validated. */
export interface RecipeChange {
  /** Dotted: `seed`, `seg-jux.epochs`, `stages.grpo.rewardWeights.domain`. */
  readonly path: string;
  readonly value: unknown;
  /** Where it was written, for the errors that it causes. */
  readonly origin: string;
}

/** A recipe file, parsed once and read with different changes. */
export interface RecipeDocument {
  /** The ids of the stages that the file names. */
  readonly stages: readonly string[];
  /** Throws `RecipeFileError` with every problem. */
  readonly read: (changes: readonly RecipeChange[]) => RecipeSource;
}

/** YAML text -> recipe. `sets` are `key=value` words from the command line, checked like the file itself. */
export function readRecipe(text: string, file: string, sets: readonly string[] = []): RecipeSource {
  const document = openRecipe(text, file);
  return document.read(sets.map(changeOf));
}

/** Parses a recipe file; `read` makes recipes of it. */
export function openRecipe(text: string, file: string): RecipeDocument {
  const { value, at } = readYaml(text, file, 'a recipe needs schema, model, data and stages');
  const stages = value['stages'];
  return {
    stages: stages !== null && typeof stages === 'object' ? Object.keys(stages) : [],
    read(changes) {
      const given = structuredClone(value) as Record<string, unknown>;
      const origins = new Map<string, string>();
      for (const change of changes) apply(given, change, origins);
      const locate = (problem: RecipeProblem) => {
        const path = problem.path.join('.');
        const changed = [...origins].findLast(([start]) => path === start || path.startsWith(`${start}.`));
        return `${changed === undefined ? at(problem.path) : changed[1]}: ${path}: ${problem.message}`;
      };
      const parsed = Recipe.safeParse(given);
      if (!parsed.success) throw new RecipeFileError(parsed.error.issues.flatMap((issue) => problemsOf(issue, Recipe, given)).map(locate));
      return { recipe: parsed.data, locate };
    },
  };
}

function changeOf(word: string): RecipeChange {
  const equals = word.indexOf('=');
  if (equals < 1) throw new RecipeFileError([`--set ${word}: expected key=value, for instance seg-jux.epochs=2`]);
  const value: unknown = parseDocument(word.slice(equals + 1)).toJS();
  return { path: word.slice(0, equals), value, origin: `--set ${word}` };
}

function apply(recipe: Record<string, unknown>, { path, value, origin }: RecipeChange, origins: Map<string, string>): void {
  const keys = path.split('.');
  const stages = recipe['stages'];
  if (stages !== null && typeof stages === 'object' && Object.hasOwn(stages, keys[0]!)) keys.unshift('stages');
  else if (keys.length > 1 && !Object.hasOwn(Recipe.shape, keys[0]!)) {
    const known = [...Object.keys(Recipe.shape), ...Object.keys((stages as object | undefined) ?? {})];
    const near = nearest(keys[0]!, known);
    throw new RecipeFileError([
      `${origin}: "${keys[0]}" is neither a stage nor a key of this recipe${near === undefined ? `; known: ${known.join(', ')}` : `; did you mean "${near}"?`}`,
    ]);
  }
  let at = recipe;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    at = at[key] = next !== null && typeof next === 'object' ? (next as Record<string, unknown>) : {};
  }
  at[keys.at(-1)!] = value;
  // The last change of a key is the one that its errors are blamed on.
  origins.delete(keys.join('.'));
  origins.set(keys.join('.'), origin);
}
