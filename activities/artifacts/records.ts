import { dirname } from 'node:path';
import type { z } from 'zod';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { StageRecord } from '../../contracts/record.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { refusalOf } from '../../workflows/core/recipe-error.js';
import { sha256Of } from './hash-file.js';

/** `v1/records/`. */
export const RECORDS = dirname(objectKeys.record('x')) + '/';

/** How long a record that was read is taken to be there: the collector removes those that no kept run needs. */
const KNOWN_MS = 5 * 60_000;

/** Stage records over an ObjectStore: written once, the first writer wins. */
export function createRecords(objects: ObjectStore) {
  const found = new Map<string, { record: StageRecord; at: number }>();
  const remember = (record: StageRecord) => found.set(record.key, { record, at: performance.now() });

  async function record(stageKey: string): Promise<StageRecord | null> {
    const cached = found.get(stageKey);
    if (cached && performance.now() - cached.at < KNOWN_MS) return cached.record;
    const key = objectKeys.record(stageKey);
    const text = await objects.get(key);
    if (text === null) return null;
    const read = parseRecord(text, stageKey, `${key} in ${objects.description}`);
    remember(read);
    return read;
  }

  async function fileRecord(mine: StageRecord): Promise<StageRecord> {
    const checked = sealed(StageRecord.parse(mine));
    const key = objectKeys.record(checked.key);
    const outcome = await objects.put(key, canonicalJson(checked), { ifAbsent: true, contentType: 'application/json' });
    if (outcome === 'written') {
      remember(checked);
      return checked;
    }
    const winner = await record(checked.key);
    if (winner === null)
      throw new StageError({
        type: 'Transient',
        message: `record ${key} was there and then was not`,
        remedy: 'Somebody deletes records while the run goes on: stop that.',
      });
    return winner;
  }

  return { record, fileRecord };
}

/** A record, or what is wrong with it. `isWhole`: it is as it was filed, by a judo that knows more than this one. */
export type RecordReading = { readonly record: StageRecord } | { readonly problem: string; readonly isWhole: boolean };

const MEND =
  'Put the object back as it was, if there is a copy; else `judo artifacts verify --discard` deletes it, and the stage runs again. ' +
  'A run that it blocked goes on by `judo retry RUN`.';

/** Reads a record and refuses one that is garbled, was edited after it was filed, or belongs to another key. */
export function parseRecord(text: Buffer, stageKey: string, where: string): StageRecord {
  const reading = readRecord(text, stageKey);
  if ('record' in reading) return reading.record;
  const { problem, isWhole } = reading;
  throw isWhole
    ? new StageError({
        type: 'InvalidSpec',
        message: `record ${where} cannot be read: ${problem}`,
        remedy: 'A newer judo wrote it: use that version.',
      })
    : new StageError({ type: 'InvalidSpec', message: `record ${where} is not as it was filed: ${problem}`, remedy: MEND });
}

/** Reads a record without throwing. */
export function readRecord(text: Buffer | string, stageKey: string): RecordReading {
  const damaged = (problem: string) => ({ problem, isWhole: false });
  let json: unknown;
  try {
    json = JSON.parse(String(text));
  } catch (error) {
    return damaged(`it is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const { digest, ...content } = isObject(json) ? json : {};
  const isAsFiled = typeof digest === 'string' && digest === contentDigest(content);
  const parsed = StageRecord.safeParse(json);
  const problem = parsed.success ? null : parsed.error.issues.map((issue) => problemOf(issue, json)).join('; ');
  if (problem !== null && !isAsFiled) return damaged(problem);
  if (content['key'] !== stageKey)
    return damaged(`it is the record of another key, ${shown(content['key'])} (stage ${shown(content['stage'])})`);
  if (digest !== undefined && !isAsFiled)
    return damaged(`it was edited: its content gives ${contentDigest(content)}, and it was filed with ${shown(digest)}`);
  return parsed.success ? { record: parsed.data } : { problem: problem ?? '', isWhole: true };
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function problemOf(issue: z.core.$ZodIssue, json: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown field ${[...issue.path, issue.keys.join(', ')].join('.')}`;
  const refusal = refusalOf(issue, json);
  return issue.path.length === 0 ? refusal : `${issue.path.join('.')}: ${refusal}`;
}

/** The record with the digest of all else. */
function sealed({ digest: _, ...record }: StageRecord): StageRecord {
  return { ...record, digest: sha256Of(canonicalJson(record)) };
}

/** `null`: it holds what no record that was filed can hold (a number beyond JSON's). */
function contentDigest(content: object): string | null {
  try {
    return sha256Of(canonicalJson(content));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
