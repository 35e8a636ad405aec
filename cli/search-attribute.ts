/** The text of a workflow's search attribute, which Temporal's SDK gives as a list; null where it has none. */
export function searchAttribute(of: { readonly searchAttributes: unknown } | null, name: string): string | null {
  const value = (of?.searchAttributes as Record<string, readonly unknown[] | undefined> | undefined)?.[name]?.[0];
  return typeof value === 'string' ? value : null;
}
