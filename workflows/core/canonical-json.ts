/** A value that JSON can say exactly. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/**
 * One text for one value: keys sorted by code unit, no white space, numbers as JSON.stringify writes them (-0 is 0).
 * Fields that are undefined are left out. Throws TypeError at anything JSON cannot say (NaN, functions, dates), naming its path.
 */
export function canonicalJson(value: unknown): string {
  const text = textOf(value);
  // Paths are for the error only: plans of thousands of stages are written without any.
  if (text === null) throw new TypeError(problemOf(value, '$') ?? '$ is not a JSON value');
  return text;
}

const isPlain = (value: object): value is Record<string, unknown> =>
  Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;

/** Null where JSON cannot say it. */
function textOf(value: unknown): string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value === 0 ? 0 : value) : null;
  if (typeof value !== 'object') return null;
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = textOf(item);
      if (text === null) return null;
      parts.push(text);
    }
    return `[${parts.join(',')}]`;
  }
  if (!isPlain(value)) return null;
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue;
    const text = textOf(value[key]);
    if (text === null) return null;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** What JSON cannot say of it, with its path. */
function problemOf(value: unknown, path: string): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${path} is ${value}: not a JSON number`;
  const within = Array.isArray(value)
    ? value.map((item: unknown, index) => problemOf(item, `${path}[${index}]`))
    : value !== null && typeof value === 'object' && isPlain(value)
      ? Object.entries(value).map(([key, field]) => (field === undefined ? null : problemOf(field, `${path}.${key}`)))
      : null;
  if (within !== null) return within.find((problem) => problem !== null) ?? null;
  return textOf(value) === null ? `${path} is not a JSON value: ${Object.prototype.toString.call(value)}` : null;
}
