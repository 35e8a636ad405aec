import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StageError } from '../../contracts/failure.js';

/** A line of `comparisons.jsonl`: what the teacher wrote of an image in Stage 1. */
export const Comparison = z.strictObject({ imageKey: z.string(), comparison: z.string() });
export type Comparison = z.infer<typeof Comparison>;

/** Writes rows as JSON lines, each checked against its schema. Replaces what an earlier attempt left. */
export async function writeRows<Row>(directory: string, name: string, schema: z.ZodType<Row>, rows: readonly Row[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const lines = rows.map((row) => `${JSON.stringify(schema.parse(row))}\n`);
  await writeFile(join(directory, name), lines.join(''));
}

/** Reads JSON lines. Throws ArtifactMissing for an absent file, and DatasetCorrupt naming the file and the line. */
export async function readRows<Row>(file: string, schema: z.ZodType<Row>): Promise<Row[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new StageError(
      { type: 'ArtifactMissing', message: `${file} cannot be read: ${String(cause)}`, remedy: 'run the stage that writes it again' },
      { cause },
    );
  });
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [schema.parse(JSON.parse(line))];
    } catch (cause) {
      throw new StageError(
        { type: 'DatasetCorrupt', message: `${file} line ${index + 1} is not a valid row`, remedy: 'run the stage that wrote it again' },
        { cause },
      );
    }
  });
}
