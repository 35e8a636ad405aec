import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { createFileSystemObjectStore } from '../../adapters/object-store/file-system.js';
import { createS3ObjectStore, ensureBucket } from '../../adapters/object-store/s3.js';
import { checkoutRoot } from '../../infra/checkout.js';
import { buildVersitygw, startS3Server } from '../../infra/s3-server.js';
import { temporaryFolder } from '../artifacts/temporary-folders.js';
import { freePort } from '../support/s3.js';
import { binaryOnSmallDisk, noSmallDisk, onSmallDisk } from './small-disk.js';

const MIB = 1 << 20;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const why = noSmallDisk();
if (why !== null) process.stderr.write(`skipped: full disks (${why})\n`);

describe.skipIf(why !== null)('a full disk', () => {
  test('of the S3 server is Transient and named; nothing half is there, and with room again the same upload goes on', async () => {
    const dir = await temporaryFolder();
    const account = { accessKey: 'judo-test', secretKey: 'judo-test-secret' };
    const binary = binaryOnSmallDisk(await buildVersitygw(), join(dir, 'data'), 64);
    const server = await startS3Server({ dir, port: await freePort(), ...account }, binary);
    onTestFinished(() => server.stop());
    const credentials = { accessKeyId: account.accessKey, secretAccessKey: account.secretKey };
    const bucket = { bucket: 'small', endpoint: server.endpoint, region: 'us-east-1', credentials };
    await ensureBucket(bucket);
    const store = createS3ObjectStore({ ...bucket, partBytes: 5 * MIB });
    await store.put('ballast', Buffer.alloc(50 * MIB));

    const body = randomBytes(20 * MIB);
    const file = join(await temporaryFolder(), 'checkpoint');
    writeFileSync(file, body);
    const upload = () => store.upload('checkpoint', file, { bytes: body.length, sha256: sha256(body) });
    const full = { failure: { type: 'Transient', message: expect.stringMatching(/disk of s3:\/\/small .*is full/) } };
    await expect(upload()).rejects.toMatchObject(full);
    await expect(store.put('small', randomBytes(16 * MIB))).rejects.toMatchObject(full);
    expect(await store.head('checkpoint')).toBeNull();
    expect(await store.head('small')).toBeNull();
    expect(await store.head('ballast')).toMatchObject({ bytes: 50 * MIB });

    await store.delete('ballast');
    await upload();
    expect((await store.get('checkpoint'))?.equals(body)).toBe(true);
  });

  test('of a worker is Transient and named; its cache holds nothing half, and with room again the same tree is whole', async () => {
    const [objects, cache, source] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
    const weights = Array.from({ length: 4 }, () => randomBytes(2 * MIB));
    weights.forEach((bytes, n) => writeFileSync(join(source, `weights-${n}`), bytes));
    const saving = createArtifactStore({ objects: createFileSystemObjectStore(objects), cacheDir: await temporaryFolder() });
    const { digest } = await saving.save(source);
    mkdirSync(cache, { recursive: true });
    const worker = join(await temporaryFolder(), 'worker.mjs');
    const compiled = (path: string) => JSON.stringify(pathToFileURL(join(checkoutRoot(), 'dist', path)).href);
    writeFileSync(
      worker,
      `import { createArtifactStore } from ${compiled('activities/artifacts/artifact-store.js')};
       import { createFileSystemObjectStore } from ${compiled('adapters/object-store/file-system.js')};
       import { toStageFailure } from ${compiled('activities/stage/to-stage-failure.js')};
       import { resizeDisk } from ${compiled('tests/infra/small-disk.js')};
       import { readFileSync } from 'node:fs';
       import { createHash } from 'node:crypto';
       import { join } from 'node:path';
       const [objects, cache, digest] = process.argv.slice(2);
       const store = () => createArtifactStore({ objects: createFileSystemObjectStore(objects), cacheDir: cache });
       const error = await store().materialize(digest).then(() => null, (error) => toStageFailure(error, { stage: 'grpo', attempt: 1 }));
       resizeDisk(cache, 64);
       const folder = await store().materialize(digest);
       const sha256 = (n) => createHash('sha256').update(readFileSync(join(folder, 'weights-' + n))).digest('hex');
       console.log(JSON.stringify({ type: error?.type, retryable: !error?.nonRetryable, details: error?.details?.[0], files: [0, 1, 2, 3].map(sha256) }));`,
    );
    const [command = '', ...args] = onSmallDisk(cache, 5, [process.execPath, worker, objects, cache, digest]);
    const said = JSON.parse((await promisify(execFile)(command, args)).stdout) as Record<string, unknown>;
    expect(said).toMatchObject({
      type: 'Transient',
      retryable: true,
      details: { message: expect.stringMatching(/disk of the artifact cache .* is full/), remedy: expect.stringContaining('Free space') },
    });
    expect(said['files']).toEqual(weights.map(sha256));
  });
});
