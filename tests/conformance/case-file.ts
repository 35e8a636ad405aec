import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** One expected result. `tolerance` is absolute, for every number in `expected`. */
export const ConformanceCase = z.object({
  id: z.string(),
  suite: z.string(),
  profile: z.string(),
  input: z.record(z.string(), z.unknown()),
  expected: z.unknown(),
  tolerance: z.number().nonnegative().default(0),
});
export type ConformanceCase = z.infer<typeof ConformanceCase>;

const CaseFile = z.object({ cases: z.array(ConformanceCase.refine((value) => value.expected !== undefined, 'expected is missing')) });

/** A file that is no file of cases; the run cannot say anything about it. */
export class CaseFileError extends Error {
  override readonly name = 'CaseFileError';
}

/** Reads a file of cases. Throws CaseFileError naming the file and what is wrong with it. */
export async function readCases(file: string): Promise<ConformanceCase[]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CaseFileError(`cannot read ${file}: ${cause.message}`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CaseFileError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = CaseFile.safeParse(json);
  if (!parsed.success) throw new CaseFileError(`${file} is not a file of conformance cases:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.cases;
}
