import type { z } from 'zod';
import { StageError } from '../../contracts/failure.js';

/** Reads a small JSON object of the bucket. One that cannot be read is refused: what it protects is not known. */
export function parseFiled<T>(schema: z.ZodType<T>, text: Buffer, where: string): T {
  const refused = (problem: string) =>
    new StageError({
      type: 'InvalidSpec',
      message: `${where} cannot be read: ${problem}`,
      remedy: 'If a newer judo wrote it, use that version. If it is damaged, delete the object or restore it from a backup.',
    });
  let json: unknown;
  try {
    json = JSON.parse(String(text));
  } catch (error) {
    throw refused(`it is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refused(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
}
