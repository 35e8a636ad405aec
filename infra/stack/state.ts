import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const ProcessState = z.strictObject({
  name: z.string(),
  state: z.enum(['starting', 'healthy', 'restarting', 'stopped']),
  pid: z.int().nullable(),
  startedAt: z.string().nullable(),
  port: z.int().nullable(),
  restarts: z.int().nonnegative(),
  /** Ends in a row that nobody asked for, soon after a start. */
  failures: z.int().nonnegative(),
  log: z.string(),
});
export type ProcessState = z.infer<typeof ProcessState>;

/** `stack.json`: what runs for a home, and where. Written by the supervisor alone; null where a server is not ours. */
export const StackState = z.strictObject({
  schemaVersion: z.literal(1),
  pid: z.int().positive(),
  startedAt: z.string(),
  state: z.enum(['starting', 'ready', 'stopping']),
  /** Digest of the compiled code the workers run. */
  build: z.string(),
  temporal: z.strictObject({ address: z.string(), ui: z.string(), database: z.string() }).nullable(),
  s3: z
    .strictObject({ endpoint: z.string(), bucket: z.string(), region: z.string(), credentialsFile: z.string(), data: z.string() })
    .nullable(),
  teacher: z.strictObject({ url: z.string() }).nullable(),
  processes: z.array(ProcessState),
});
export type StackState = z.infer<typeof StackState>;

const stateFile = (home: string): string => join(home, 'stack.json');

/** What `stack.json` says, or null when there is none or it is of another version. */
export function readStackState(home: string): StackState | null {
  try {
    const parsed = StackState.safeParse(JSON.parse(readFileSync(stateFile(home), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Writes a file whole or not at all. */
export function writeWhole(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, file);
}

/** Replaces `stack.json`. */
export function writeStackState(home: string, state: StackState): void {
  writeWhole(stateFile(home), `${JSON.stringify(state, null, 2)}\n`);
}
