import { stat } from 'node:fs/promises';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

/** Files a job's log under `key`. A log that cannot be filed never turns a result into a failure: then it is null. */
export async function fileLog(objects: ObjectStore, key: string, logFile: string): Promise<string | null> {
  try {
    await objects.upload(key, logFile, { bytes: (await stat(logFile)).size });
    return key;
  } catch {
    return null;
  }
}

/** The same error with the place of the whole log, where it is a failure that we know. */
export function withLog(error: unknown, logRef: string | null): unknown {
  if (!(error instanceof StageError) || logRef === null) return error;
  return new StageError({ ...error.failure, logRef }, { ...error.options, cause: error });
}
