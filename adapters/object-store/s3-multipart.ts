import { createHash } from 'node:crypto';
import type { CompletedPart, Part } from '@aws-sdk/client-s3';
import PQueue from 'p-queue';
import { abortable, type Connection } from './s3-connection.js';
import { isBrokenConnection, s3Symptoms } from './s3-errors.js';
import { uploadPieces } from './upload-source.js';

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly file: string;
  readonly bytes: number;
  readonly partBytes: number;
  readonly sha256?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

const MAX_PARTS = 10_000; // S3's limit
const PARTS_AT_ONCE = 4; // 32 MiB in memory at 8 MiB a part
const MIB = 1 << 20;

/**
 * Uploads a file in parts. Unfinished uploads of the same key are gone on with: a part counts as sent only if its size and
 * sha256 are those of the file's bytes here. An interrupted upload is left as it is, for the next attempt to find.
 */
export async function uploadInParts(s3: Connection, upload: Upload): Promise<void> {
  const { Bucket, Key } = upload;
  const unfinished = await unfinishedUploads(s3, upload);
  const joined = unfinished[0];
  try {
    await sendAndComplete(s3, upload, joined ?? (await begin(s3, upload)));
  } catch (error) {
    // Another process may have joined the same unfinished upload and completed it, or our Complete's answer was lost.
    if (mayBeDone(error) && (await isThere(s3, upload))) return;
    if (!wasTakenOver(error)) throw error;
    await sendAndComplete(s3, upload, await begin(s3, upload));
  }
  for (const UploadId of unfinished.slice(1)) await abort(s3, Bucket, Key, UploadId);
}

async function sendAndComplete(s3: Connection, upload: Upload, UploadId: string): Promise<void> {
  const { Bucket, Key, signal } = upload;
  const there = await sentParts(s3, upload, UploadId);
  const completed: CompletedPart[] = [];
  const queue = new PQueue({ concurrency: PARTS_AT_ONCE });
  const failures: unknown[] = [];
  let sent = 0;

  const send = async (PartNumber: number, body: Buffer) => {
    const ChecksumSHA256 = createHash('sha256').update(body).digest('base64');
    const known = there.get(PartNumber);
    const isSent = known !== undefined && known.Size === body.length && isSameDigest(known, body, ChecksumSHA256);
    const { ETag } = isSent
      ? known
      : await s3.client.send(
          new s3.sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: body, ContentLength: body.length, ChecksumSHA256 }),
          abortable(signal),
        );
    completed.push({ PartNumber, ETag, ChecksumSHA256 });
    upload.onProgress?.((sent += body.length));
  };

  try {
    let number = 0;
    for await (const piece of uploadPieces(upload.file, upload, partSize(upload))) {
      const partNumber = (number += 1);
      await queue.onSizeLessThan(1);
      signal?.throwIfAborted();
      if (failures.length > 0) break;
      queue.add(() => send(partNumber, piece)).catch((error: unknown) => failures.push(error));
    }
  } catch (error) {
    await queue.onIdle();
    if (!signal?.aborted) await abort(s3, Bucket, Key, UploadId); // the file changed: these parts are of no use
    throw error;
  }
  await queue.onIdle();
  if (failures.length > 0) throw failures[0];
  completed.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  const complete = { Bucket, Key, UploadId, MultipartUpload: { Parts: completed } };
  await s3.client.send(new s3.sdk.CompleteMultipartUploadCommand(complete), abortable(signal));
}

async function begin(s3: Connection, { Bucket, Key, sha256 }: Upload): Promise<string> {
  const create = { Bucket, Key, ChecksumAlgorithm: 'SHA256' as const, ...(sha256 !== undefined && { Metadata: { sha256 } }) };
  const { UploadId } = await s3.client.send(new s3.sdk.CreateMultipartUploadCommand(create));
  if (UploadId === undefined) throw new TypeError(`the S3 server began an upload of ${Key} and gave it no id`);
  return UploadId;
}

/** Ids of the uploads of this very key that nobody completed, latest first. */
async function unfinishedUploads(s3: Connection, { Bucket, Key }: Upload): Promise<string[]> {
  const { Uploads = [] } = await s3.client.send(new s3.sdk.ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
  return Uploads.filter((upload) => upload.Key === Key)
    .sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0))
    .flatMap(({ UploadId }) => (UploadId === undefined ? [] : [UploadId]));
}

async function sentParts(s3: Connection, { Bucket, Key }: Upload, UploadId: string): Promise<Map<number, Part>> {
  const parts = new Map<number, Part>();
  // Not paginateListParts: it goes by the marker alone, and versitygw gives one on the last page too.
  let PartNumberMarker: string | undefined;
  do {
    const page = await s3.client.send(
      new s3.sdk.ListPartsCommand({ Bucket, Key, UploadId, ...(PartNumberMarker && { PartNumberMarker }) }),
    );
    for (const part of page.Parts ?? []) if (part.PartNumber !== undefined) parts.set(part.PartNumber, part);
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (PartNumberMarker !== undefined);
  return parts;
}

/** By sha256; servers that keep no such checksum name a plain part by its md5. */
function isSameDigest(part: Part, body: Buffer, sha256: string): boolean {
  if (part.ChecksumSHA256 !== undefined) return part.ChecksumSHA256 === sha256;
  return part.ETag?.replaceAll('"', '') === createHash('md5').update(body).digest('hex');
}

/** The upload that we joined was ended, or filled with other bytes, by somebody else. */
function wasTakenOver(error: unknown): boolean {
  const { name } = s3Symptoms(error);
  return name === 'NoSuchUpload' || name === 'InvalidPart';
}

/** versitygw answers 500 to the loser of two completions of one upload. */
function mayBeDone(error: unknown): boolean {
  return wasTakenOver(error) || isBrokenConnection(error) || s3Symptoms(error).status >= 500;
}

/** Whether the object is there with these very bytes, as far as its upload said which they are. */
async function isThere(s3: Connection, { Bucket, Key, bytes, sha256 }: Upload): Promise<boolean> {
  if (sha256 === undefined) return false;
  try {
    const head = await s3.client.send(new s3.sdk.HeadObjectCommand({ Bucket, Key }));
    return head.ContentLength === bytes && head.Metadata?.['sha256'] === sha256;
  } catch (error) {
    if (s3Symptoms(error).status === 404) return false;
    throw error;
  }
}

async function abort(s3: Connection, Bucket: string, Key: string, UploadId: string): Promise<void> {
  try {
    await s3.client.send(new s3.sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  } catch (error) {
    if (s3Symptoms(error).name !== 'NoSuchUpload') throw error;
  }
}

function partSize({ bytes, partBytes }: Upload): number {
  return Math.max(partBytes, Math.ceil(bytes / MAX_PARTS / MIB) * MIB);
}
