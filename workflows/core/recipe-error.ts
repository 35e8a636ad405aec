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
