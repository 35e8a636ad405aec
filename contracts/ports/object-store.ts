import type { Readable } from 'node:stream';

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** A dumb byte layer: S3, a folder, or memory. Errors are `StageError`s: a missing key is not an error but `null`. */
export interface ObjectStore {
  /** Says where this store is, for people (`s3://bucket at http://127.0.0.1:7070`). */
  readonly description: string;
  head(key: string): Promise<ObjectInfo | null>;
  get(key: string): Promise<Buffer | null>;
  /** A stream of the object's bytes, or null. */
  open(key: string): Promise<Readable | null>;
  /** Writes a small object whole. With `ifAbsent` the first writer wins and the others are told `'exists'`. */
  put(key: string, body: Buffer | string, options?: { ifAbsent?: boolean; contentType?: string }): Promise<'written' | 'exists'>;
  /**
   * Uploads a file of any size; parts that an interrupted upload of the same key left are not sent again.
   * With `sha256` the object appears only if the bytes read hash to it: a file that changes meanwhile is a DigestMismatch.
   */
  upload(
    key: string,
    file: string,
    options: { bytes: number; sha256?: string; signal?: AbortSignal; onProgress?: (sentBytes: number) => void },
  ): Promise<void>;
  list(prefix: string): AsyncIterable<ObjectInfo>;
  delete(key: string): Promise<void>;
}
