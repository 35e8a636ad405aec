import type { Chance } from './chance.js';

type Schema = { readonly [key: string]: unknown };

/** A value that a JSON Schema admits, for prompts that the rehearsal teacher does not know. */
export function fillSchema(schema: unknown, chance: Chance, root: unknown = schema): unknown {
  if (!isSchema(schema)) return null;
  if (typeof schema.$ref === 'string') return fillSchema(resolve(root, schema.$ref), chance, root);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return chance.pick(schema.enum as [unknown, ...unknown[]]);
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return fillSchema(branches[0], chance, root);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(isSchema(schema.properties) ? schema.properties : {}).map(([key, field]) => [key, fillSchema(field, chance, root)]),
      );
    case 'array':
      return Array.from({ length: Math.max(1, Number(schema.minItems ?? 1)) }, () => fillSchema(schema.items, chance, root));
    case 'integer':
      return (
        Math.ceil(Number(schema.minimum ?? 0)) +
        Math.floor(chance.next() * Math.max(1, Number(schema.maximum ?? 10) - Number(schema.minimum ?? 0)))
      );
    case 'number':
      return Number(schema.minimum ?? 0) + chance.next() * (Number(schema.maximum ?? 1) - Number(schema.minimum ?? 0));
    case 'boolean':
      return chance.next() < 0.5;
    case 'null':
      return null;
    default:
      return 'This answer was filled in from the schema alone.'
        .padEnd(Number(schema.minLength ?? 0), '.')
        .slice(0, Number(schema.maxLength ?? 1000));
  }
}

function resolve(root: unknown, ref: string): unknown {
  return ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .reduce<unknown>((at, key) => (isSchema(at) ? at[key] : undefined), root);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
