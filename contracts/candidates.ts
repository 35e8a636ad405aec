import { z } from 'zod';

/**
 * `gc/<list>.json`: objects that nothing needed at `listedAt`. A later sweep deletes those that are still not needed and were not
 * written since. Whoever saves an object that is on a list writes it again.
 */
export const Candidates = z.strictObject({
  schemaVersion: z.literal(1),
  listedAt: z.iso.datetime(),
  objects: z.array(z.strictObject({ key: z.string(), bytes: z.int().nonnegative(), modified: z.iso.datetime() })),
});
export type Candidates = z.infer<typeof Candidates>;
