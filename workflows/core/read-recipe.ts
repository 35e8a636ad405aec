import { isMap, isScalar, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { Recipe, RuntimeSettings } from '../../contracts/recipe.js';
import { nearest } from './nearest.js';
import type { RecipeProblem } from './recipe-error.js';

/** A recipe that cannot be read: every problem with its place, ready to print. */
export class RecipeFileError extends Error {
  override readonly name = 'RecipeFileError';
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

export interface RecipeSource {
  readonly recipe: Recipe;
  /** `file:line:column: message` of a problem found later (unknown parameter, circle), at the nearest place in the file. */
  readonly locate: (problem: RecipeProblem) => string;
}

/**
 * YAML text -> recipe. `sets` are `key=value` words from the command line: `seed=1`, `seg-jux.epochs=2`,
 * `stages.grpo.rewardWeights.domain=0`; they are put in before validation, so that they are checked like the file itself.
 */
export function readRecipe(text: string, file: string, sets: readonly string[] = []): RecipeSource {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const at = (path: readonly PropertyKey[]) => place(document, counter, path);
  if (document.errors.length > 0) {
    throw new RecipeFileError(
      document.errors.map(
        (error) => `${file}:${error.linePos?.[0].line ?? 1}:${error.linePos?.[0].col ?? 1}: ${error.message.split('\n')[0]}`,
      ),
    );
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined)
    throw new RecipeFileError([`${file}:1:1: the file is empty; a recipe needs schema, model, data and stages`]);
  if (typeof value !== 'object' || Array.isArray(value))
    throw new RecipeFileError([`${file}:1:1: expected a mapping with schema, model, data and stages`]);
  const given = value as Record<string, unknown>;
  const origins = new Map<string, string>();
  for (const word of sets) apply(given, word, origins);

  const locate = (problem: RecipeProblem) => {
    const fromSet = [...origins].find(([path]) => problem.path.join('.').startsWith(path));
    const where = fromSet === undefined ? `${file}:${at(problem.path)}` : `--set ${fromSet[1]}`;
    return `${where}: ${problem.path.join('.')}: ${problem.message}`;
  };
  const parsed = Recipe.safeParse(given);
  if (!parsed.success) throw new RecipeFileError(parsed.error.issues.flatMap(problemsOf).map(locate));
  return { recipe: parsed.data, locate };
}

function problemsOf(issue: z.core.$ZodIssue): RecipeProblem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => {
    const near = nearest(key, knownKeys(path));
    return {
      path: [...path, key],
      message: `unknown key "${key}"${near === undefined ? `; known: ${knownKeys(path).join(', ')}` : `; did you mean "${near}"?`}`,
    };
  });
}

/** The keys that a strict object of the recipe knows, by its path. */
function knownKeys(path: readonly (string | number)[]): string[] {
  const shapes: Record<string, z.ZodObject | undefined> = {
    '': Recipe,
    data: Recipe.shape.data,
    teacher: Recipe.shape.teacher.unwrap(),
    runtime: RuntimeSettings,
    'runtime.deviceBatch': RuntimeSettings.shape.deviceBatch.unwrap(),
  };
  return Object.keys(shapes[path.join('.')]?.shape ?? {});
}

function apply(recipe: Record<string, unknown>, word: string, origins: Map<string, string>): void {
  const equals = word.indexOf('=');
  if (equals < 1) throw new RecipeFileError([`--set ${word}: expected key=value, for instance seg-jux.epochs=2`]);
  const keys = word.slice(0, equals).split('.');
  const stages = recipe['stages'];
  if (stages !== null && typeof stages === 'object' && keys[0]! in stages) keys.unshift('stages');
  else if (keys.length > 1 && !(keys[0]! in Recipe.shape)) {
    const known = [...Object.keys(Recipe.shape), ...Object.keys((stages as object | undefined) ?? {})];
    const near = nearest(keys[0]!, known);
    throw new RecipeFileError([
      `--set ${word}: "${keys[0]}" is neither a stage nor a key of this recipe${near === undefined ? `; known: ${known.join(', ')}` : `; did you mean "${near}"?`}`,
    ]);
  }
  const value: unknown = parseDocument(word.slice(equals + 1)).toJS();
  let at = recipe;
  for (const key of keys.slice(0, -1)) {
    const next = at[key];
    at = at[key] = next !== null && typeof next === 'object' ? (next as Record<string, unknown>) : {};
  }
  at[keys.at(-1)!] = value;
  origins.set(keys.join('.'), word);
}

/** `line:column` of the deepest key on the path that the file holds. */
function place(document: Document, counter: LineCounter, path: readonly PropertyKey[]): string {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = (node as YAMLMap).items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0];
    node = pair.value;
  }
  const { line, col } = counter.linePos(offset);
  return `${line}:${col}`;
}
