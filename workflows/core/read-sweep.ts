import { SweepFile } from '../../contracts/sweep.js';
import { problemsOf, readYaml, RecipeFileError } from './read-yaml.js';
import type { RecipeProblem } from './recipe-error.js';

export interface SweepSource {
  readonly sweep: SweepFile;
  /** `file:line:column` of a path in the file. */
  readonly at: (path: readonly PropertyKey[]) => string;
  /** A problem found later, with its place in the file. */
  readonly locate: (problem: RecipeProblem) => string;
}

/** YAML text -> sweep. Throws `RecipeFileError` with every problem of the file itself; `resolveSweep` finds the others. */
export function readSweep(text: string, file: string): SweepSource {
  const { value, at } = readYaml(text, file, 'a sweep needs schema, recipe, and variants or a grid');
  const locate = ({ path, message }: RecipeProblem) => [at(path), ...(path.length === 0 ? [] : [path.join('.')]), message].join(': ');
  const parsed = SweepFile.safeParse(value);
  if (!parsed.success) {
    if ('stages' in value && !('recipe' in value))
      throw new RecipeFileError([`${at(['stages'])}: this is a recipe, not a sweep: judo run, judo plan`]);
    throw new RecipeFileError(parsed.error.issues.flatMap((issue) => problemsOf(issue, SweepFile, value)).map(locate));
  }
  return { sweep: parsed.data, at, locate };
}
