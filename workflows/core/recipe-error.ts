/** Something wrong in a recipe, at a path the reader can find in the file. */
export interface RecipeProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Everything that is wrong in a recipe, a sweep or a change of a plan: all of it, not only the first. */
export class RecipeError extends Error {
  override readonly name = 'RecipeError';
  constructor(readonly problems: readonly RecipeProblem[]) {
    super(problems.map((p) => `${p.path.join('.')}: ${p.message}`).join('\n'));
  }
}

/** A refusal in words, with the value that was refused where it is short: `expected number, received string, got "many"`. */
export function refusalOf(issue: { readonly message: string; readonly path: readonly PropertyKey[] }, given: unknown): string {
  const value = issue.path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), given);
  return value === undefined || isObject(value) ? issue.message : `${issue.message}, got ${JSON.stringify(value)}`;
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> => value !== null && typeof value === 'object';
