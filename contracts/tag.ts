import { z } from 'zod';

/** What a run may be tagged with. */
export const TagName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected letters, digits, . _ or -, at most 100');

/** `tags/<name>.json`: a name for a run. What a tagged run made is never collected. */
export const Tag = z.strictObject({
  schemaVersion: z.literal(1),
  name: TagName,
  run: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});
export type Tag = z.infer<typeof Tag>;
