import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { didYouMeanOf } from './nearest.js';
import { refusalOf, type RecipeProblem } from './recipe-error.js';

/** A recipe or sweep file that cannot be read: every problem with its place, ready to print. */
export class RecipeFileError extends Error {
  override readonly name = 'RecipeFileError';
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

export interface YamlFile {
  readonly value: Readonly<Record<string, unknown>>;
  /** `file:line:column` of the deepest key on the path that the file holds. */
  readonly at: (path: readonly PropertyKey[]) => string;
}

/** Reads a file that holds one mapping. `needs`: what the file must hold, for the error of an empty one. */
export function readYaml(text: string, file: string, needs: string): YamlFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  if (document.errors.length > 0) {
    throw new RecipeFileError(
      document.errors.map(
        (error) => `${file}:${error.linePos?.[0].line ?? 1}:${error.linePos?.[0].col ?? 1}: ${error.message.split('\n')[0]}`,
      ),
    );
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) throw new RecipeFileError([`${file}:1:1: the file is empty; ${needs}`]);
  if (typeof value !== 'object' || Array.isArray(value)) throw new RecipeFileError([`${file}:1:1: expected a mapping: ${needs}`]);
  return { value: value as Record<string, unknown>, at: (path) => `${file}:${place(document, counter, path)}` };
}

/** The problems of one zod issue: an unknown key is told with the nearest key that the schema knows there. */
export function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, given: unknown): RecipeProblem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: refusalOf(issue, given) }];
  const known = knownKeys(schema, path);
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: `unknown key "${key}"${didYouMeanOf(key, known)}`,
  }));
}

/** The keys of the object at a path of a schema. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const object = path.reduce<z.core.$ZodType | undefined>((at, key) => child(bare(at), key), schema);
  const found = bare(object);
  return found instanceof z.ZodObject ? Object.keys(found.shape as object) : [];
}

function child(schema: z.core.$ZodType | undefined, key: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType | undefined>)[key];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

/** A schema without the wrappers that say what stands for a missing value. */
function bare(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? bare(schema.unwrap()) : schema;
}

/** `line:column` of the deepest node on the path that the file holds. */
function place(document: Document, counter: LineCounter, path: readonly PropertyKey[]): string {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) break;
    offset = startOf(pair.key) ?? offset;
    node = pair.value;
  }
  const { line, col } = counter.linePos(offset);
  return `${line}:${col}`;
}

function startOf(node: unknown): number | undefined {
  const range = node !== null && typeof node === 'object' && 'range' in node ? node.range : undefined;
  return Array.isArray(range) ? (range[0] as number) : undefined;
}
