import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BucketLocationConstraint } from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import { assertObjectKey } from './object-key.js';
import { abortable, connectLazily, placeOf, type Connection, type S3Options } from './s3-connection.js';
import { describePlace, isBrokenConnection, s3Symptoms, toS3StageError } from './s3-errors.js';
import { uploadInParts } from './s3-multipart.js';
import { uploadPieces } from './upload-source.js';

const DEFAULT_PART_BYTES = 8 << 20;
/** Reading a body again after the connection broke in mid-answer; the SDK itself retries only up to the headers. */
const BODY_ATTEMPTS = 3;

/**
 * An ObjectStore in an S3 bucket. The AWS SDK is loaded at the first call. Errors are StageErrors: unreachable and full are
 * Transient, refused credentials InvalidSpec, an absent bucket ArtifactMissing; an aborted signal is thrown as it is.
 */
export function createS3ObjectStore(options: S3Options): ObjectStore {
  const place = placeOf(options);
  const { bucket: Bucket } = place;
  const connect = connectLazily(options);
  let bucketIsThere = false;

  async function call<T>(what: string, run: (s3: Connection) => Promise<T>): Promise<T> {
    try {
      return await run(await connect());
    } catch (error) {
      throw toS3StageError(error, place, what);
    }
  }

  /** A HEAD's 404 has no body: an absent bucket looks like an absent key until the bucket was seen once. */
  async function assertBucket(s3: Connection): Promise<void> {
    if (bucketIsThere) return;
    try {
      await s3.client.send(new s3.sdk.HeadBucketCommand({ Bucket }));
    } catch (error) {
      if (s3Symptoms(error).status === 404) throw Object.assign(new Error('no such bucket', { cause: error }), { name: 'NoSuchBucket' });
      throw error;
    }
    bucketIsThere = true;
  }

  async function headObject(s3: Connection, Key: string) {
    try {
      return await s3.client.send(new s3.sdk.HeadObjectCommand({ Bucket, Key }));
    } catch (error) {
      if (s3Symptoms(error).status !== 404) throw error;
      await assertBucket(s3);
      return null;
    }
  }

  async function bodyOf(s3: Connection, Key: string) {
    try {
      return (await s3.client.send(new s3.sdk.GetObjectCommand({ Bucket, Key }))).Body ?? null;
    } catch (error) {
      if (s3Symptoms(error).name === 'NoSuchKey') return null;
      throw error;
    }
  }

  async function putIfAbsent(s3: Connection, Key: string, Body: Buffer, ContentType?: string): Promise<'written' | 'exists'> {
    // Large conditional puts that lose may see ECONNRESET instead of 412 (versitygw): do not send what is there already.
    if (Body.length >= DEFAULT_PART_BYTES && (await headObject(s3, Key))) return 'exists';
    const writer = randomUUID();
    const put = {
      Bucket,
      Key,
      Body,
      ContentLength: Body.length,
      IfNoneMatch: '*',
      Metadata: { writer },
      ...(ContentType && { ContentType }),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await s3.client.send(new s3.sdk.PutObjectCommand(put));
        return 'written';
      } catch (error) {
        const { status } = s3Symptoms(error);
        const isConflict = status === 412 || status === 409;
        if (!isConflict && !isBrokenConnection(error)) throw error;
        // The answer to an earlier attempt may have been lost: whoever wrote the object signed it.
        const winner = await headObject(s3, Key);
        if (winner) return winner.Metadata?.['writer'] === writer ? 'written' : 'exists';
        if (attempt === BODY_ATTEMPTS) throw error;
      }
    }
  }

  return {
    description: describePlace(place),
    async head(key) {
      assertObjectKey(key);
      const head = await call(`look up ${key}`, (s3) => headObject(s3, key));
      return head && { key, bytes: head.ContentLength ?? 0, modified: head.LastModified ?? new Date(0) };
    },
    async get(key) {
      assertObjectKey(key);
      return call(`read ${key}`, async (s3) => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            const body = await bodyOf(s3, key);
            return body && Buffer.from(await body.transformToByteArray());
          } catch (error) {
            if (attempt === BODY_ATTEMPTS || !isBrokenConnection(error)) throw error;
          }
        }
      });
    },
    async open(key) {
      assertObjectKey(key);
      const body = await call(`read ${key}`, (s3) => bodyOf(s3, key));
      if (!body) return null;
      if (!(body instanceof Readable)) throw new TypeError('the AWS SDK gave a body that is no Node stream');
      return Readable.from(
        withStageErrors(body, (error) => toS3StageError(error, place, `read ${key}`)),
        { objectMode: false },
      );
    },
    async put(key, body, putOptions = {}) {
      assertObjectKey(key);
      const bytes = Buffer.from(body);
      return call(`write ${key}`, async (s3) => {
        if (putOptions.ifAbsent) return putIfAbsent(s3, key, bytes, putOptions.contentType);
        const { contentType: ContentType } = putOptions;
        const input = { Bucket, Key: key, Body: bytes, ContentLength: bytes.length, ...(ContentType && { ContentType }) };
        await s3.client.send(new s3.sdk.PutObjectCommand(input));
        return 'written' as const;
      });
    },
    async upload(key, file, uploadOptions) {
      assertObjectKey(key);
      const partBytes = options.partBytes ?? DEFAULT_PART_BYTES;
      await call(`upload ${file} to ${key}`, async (s3) => {
        uploadOptions.signal?.throwIfAborted();
        if (uploadOptions.bytes > partBytes) return uploadInParts(s3, { Bucket, Key: key, file, partBytes, ...uploadOptions });
        let whole: Buffer = Buffer.alloc(0);
        for await (const piece of uploadPieces(file, uploadOptions, partBytes)) whole = piece;
        const input = { Bucket, Key: key, Body: whole, ContentLength: whole.length };
        await s3.client.send(new s3.sdk.PutObjectCommand(input), abortable(uploadOptions.signal));
        uploadOptions.onProgress?.(whole.length);
      });
    },
    async *list(prefix): AsyncGenerator<ObjectInfo> {
      let ContinuationToken: string | undefined;
      do {
        const page = await call(`list ${prefix}`, (s3) =>
          s3.client.send(new s3.sdk.ListObjectsV2Command({ Bucket, Prefix: prefix, ...(ContinuationToken && { ContinuationToken }) })),
        );
        for (const { Key, Size, LastModified } of page.Contents ?? [])
          if (Key !== undefined && !Key.endsWith('/')) yield { key: Key, bytes: Size ?? 0, modified: LastModified ?? new Date(0) };
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
    },
    async delete(key) {
      assertObjectKey(key);
      await call(`delete ${key}`, async (s3) => {
        try {
          await s3.client.send(new s3.sdk.DeleteObjectCommand({ Bucket, Key: key }));
        } catch (error) {
          if (s3Symptoms(error).name !== 'NoSuchKey') throw error;
        }
      });
    },
  };
}

/** Makes the bucket unless it is there. Says which it was. Safe when several processes ask at once. */
export async function ensureBucket(options: S3Options): Promise<'created' | 'exists'> {
  const place = placeOf(options);
  const { bucket: Bucket } = place;
  const s3 = await connectLazily(options)();
  try {
    await s3.client.send(new s3.sdk.HeadBucketCommand({ Bucket }));
    return 'exists';
  } catch (error) {
    if (s3Symptoms(error).status !== 404) throw toS3StageError(error, place, `look for bucket ${Bucket}`);
  }
  const region = await s3.client.config.region();
  const isElsewhere = place.endpoint === undefined && region !== 'us-east-1';
  try {
    const LocationConstraint = region as BucketLocationConstraint;
    await s3.client.send(
      new s3.sdk.CreateBucketCommand({ Bucket, ...(isElsewhere && { CreateBucketConfiguration: { LocationConstraint } }) }),
    );
    return 'created';
  } catch (error) {
    if (s3Symptoms(error).name === 'BucketAlreadyOwnedByYou') return 'exists';
    throw toS3StageError(error, place, `create bucket ${Bucket}`);
  } finally {
    s3.client.destroy();
  }
}

async function* withStageErrors(body: Readable, translate: (error: unknown) => unknown): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (error) {
    throw translate(error);
  }
}
