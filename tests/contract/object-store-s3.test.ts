import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { createS3ObjectStore, ensureBucket } from '../../adapters/object-store/s3.js';
import { folderWith, temporaryFolder } from '../artifacts/temporary-folders.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import { freePort, startTestS3, type TestS3 } from '../support/s3.js';

const PART = 5 << 20;
const BYTES = 4 * PART + 123;
const body = randomBytes(BYTES);
const sha256 = createHash('sha256').update(body).digest('hex');
let s3: TestS3;
beforeAll(async () => {
  s3 = await startTestS3();
}, 300_000);
afterAll(() => s3.stop());

async function throughProxy(): Promise<{ proxy: S3Proxy; bucket: string; store: ReturnType<typeof createS3ObjectStore>; file: string }> {
  const proxy = await startS3Proxy(s3.endpoint);
  onTestFinished(() => proxy.close());
  const bucket = `cut-${randomBytes(6).toString('hex')}`;
  const options = { bucket, region: 'us-east-1', credentials: s3.credentials };
  await ensureBucket({ ...options, endpoint: s3.endpoint });
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, body);
  return { proxy, bucket, store: createS3ObjectStore({ ...options, endpoint: proxy.endpoint, partBytes: PART }), file };
}

const partsSent = (proxy: S3Proxy) => proxy.requests.flatMap((line) => /^PUT .*[?&]partNumber=(\d+)/.exec(line)?.[1] ?? []).map(Number);

describe('an interrupted multipart upload', () => {
  test('goes on without sending finished parts again', async () => {
    const { proxy, store, file } = await throughProxy();
    proxy.cutWhen = (line) => line.includes('partNumber=4');
    await expect(store.upload('big', file, { bytes: BYTES })).rejects.toMatchObject({ failure: { type: 'Transient' } });
    expect(await store.head('big')).toBeNull();
    proxy.cutWhen = () => false;
    proxy.requests.length = 0;
    let sent = 0;
    await store.upload('big', file, { bytes: BYTES, onProgress: (sentBytes) => (sent = sentBytes) });
    expect(partsSent(proxy)).toContain(4);
    expect(partsSent(proxy)).not.toContain(1);
    expect(partsSent(proxy)).not.toContain(2);
    expect(sent).toBe(BYTES);
    expect((await store.get('big'))?.equals(body)).toBe(true);
  });

  test('sends a part again whose bytes in the file are others now', async () => {
    const { proxy, store, file } = await throughProxy();
    proxy.cutWhen = (line) => line.includes('partNumber=4');
    await expect(store.upload('big', file, { bytes: BYTES })).rejects.toThrow();
    const changed = Buffer.from(body);
    changed[PART + 1] = (changed[PART + 1] ?? 0) ^ 1;
    await writeFile(file, changed);
    proxy.cutWhen = () => false;
    proxy.requests.length = 0;
    await store.upload('big', file, { bytes: BYTES });
    expect(partsSent(proxy)).toContain(2);
    expect(partsSent(proxy)).not.toContain(1);
    expect((await store.get('big'))?.equals(changed)).toBe(true);
  });

  test('is whole when only the answer to its completion was lost', async () => {
    const { proxy, store, file } = await throughProxy();
    proxy.cutAnswerWhen = (line) => line.startsWith('POST') && line.includes('uploadId=');
    await store.upload('big', file, { bytes: BYTES, sha256 });
    proxy.cutAnswerWhen = () => false;
    expect((await store.get('big'))?.equals(body)).toBe(true);
  });

  test('goes on after the server was killed in its middle and started again', async () => {
    const { proxy, store, file } = await throughProxy();
    let killed: Promise<void> | undefined;
    const killOnce = (sentBytes: number) => {
      if (sentBytes >= 2 * PART) killed ??= s3.kill();
    };
    await expect(store.upload('big', file, { bytes: BYTES, onProgress: killOnce })).rejects.toMatchObject({
      failure: { type: 'Transient' },
    });
    await killed;
    await s3.restart();
    proxy.requests.length = 0;
    await store.upload('big', file, { bytes: BYTES });
    expect(new Set(partsSent(proxy)).size).toBeLessThanOrEqual(3);
    expect((await store.get('big'))?.equals(body)).toBe(true);
  });

  test('is shared by two processes that upload the same file at once', async () => {
    const { store, bucket, file } = await throughProxy();
    const other = createS3ObjectStore({ bucket, endpoint: s3.endpoint, credentials: s3.credentials, partBytes: PART });
    await Promise.all([store, other, store, other].map((each) => each.upload('big', file, { bytes: BYTES, sha256 })));
    expect((await store.get('big'))?.equals(body)).toBe(true);
  });
});

describe('a conditional put', () => {
  test('knows its own object when the answer was lost', async () => {
    const { proxy, store } = await throughProxy();
    let cuts = 0;
    proxy.cutAnswerWhen = (line) => line.startsWith('PUT') && (cuts += 1) === 1;
    expect(await store.put('mine', 'first', { ifAbsent: true })).toBe('written');
    expect(await store.put('mine', 'second', { ifAbsent: true })).toBe('exists');
    expect(String(await store.get('mine'))).toBe('first');
  });

  test('of large objects has exactly one winner too', async () => {
    const { store } = await throughProxy();
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, n) => store.put('large', Buffer.alloc(9 << 20, n), { ifAbsent: true })),
    );
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    expect((await store.get('large'))?.[0]).toBe(outcomes.indexOf('written'));
  });
});

describe('trouble is named', () => {
  const failing = (store: ReturnType<typeof createS3ObjectStore>) => [
    () => store.head('k'),
    () => store.get('k'),
    () => store.open('k'),
    () => store.put('k', 'x'),
    () => listAll(store),
  ];

  test.each([
    ['a wrong access key', { accessKeyId: 'nobody', secretAccessKey: 'judo-test-secret' }],
    ['a wrong secret', { accessKeyId: 'judo-test', secretAccessKey: 'wrong' }],
  ])('%s is InvalidSpec and names the variable to set', async (_, credentials) => {
    const store = createS3ObjectStore({ bucket: 'any', endpoint: s3.endpoint, credentials });
    const expected = { failure: { type: 'InvalidSpec', remedy: expect.stringContaining('AWS_ACCESS_KEY_ID') } };
    for (const call of failing(store)) await expect(call()).rejects.toMatchObject(expected);
    await expect(ensureBucket({ bucket: 'any', endpoint: s3.endpoint, credentials })).rejects.toMatchObject(expected);
  });

  test('an absent bucket is ArtifactMissing and is named, for a HEAD too', async () => {
    const store = createS3ObjectStore({ bucket: 'never-made', endpoint: s3.endpoint, credentials: s3.credentials });
    const expected = { failure: { type: 'ArtifactMissing', message: expect.stringContaining('never-made') } };
    for (const call of failing(store)) await expect(call()).rejects.toMatchObject(expected);
  });

  test('an unreachable server is Transient and its address is named', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const store = createS3ObjectStore({ bucket: 'any', endpoint, credentials: s3.credentials });
    const expected = { failure: { type: 'Transient', message: expect.stringContaining(endpoint) } };
    for (const call of failing(store)) await expect(call()).rejects.toMatchObject(expected);
  });

  test('a full disk is Transient and says so', async () => {
    const endpoint = await answering('HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const store = createS3ObjectStore({ bucket: 'any', endpoint, credentials: s3.credentials });
    await expect(store.put('k', 'x')).rejects.toMatchObject({ failure: { type: 'Transient', message: expect.stringContaining('disk') } });
  });

  test('a connection that breaks in the middle of a body is Transient, never a short object', async () => {
    const endpoint = await answering('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this');
    const store = createS3ObjectStore({ bucket: 'any', endpoint, credentials: s3.credentials });
    await expect(store.get('k')).rejects.toMatchObject({ failure: { type: 'Transient' } });
    const stream = await store.open('k');
    await expect(stream?.toArray()).rejects.toMatchObject({ failure: { type: 'Transient' } });
  });

  test('a key below another object is InvalidSpec', async () => {
    const { store } = await throughProxy();
    await store.put('a', 'x');
    await expect(store.put('a/b', 'y')).rejects.toMatchObject({ failure: { type: 'InvalidSpec' } });
  });
});

test('making a bucket twice, or ten times at once, is harmless', async () => {
  const options = { bucket: 'made-once', endpoint: s3.endpoint, credentials: s3.credentials };
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => ensureBucket(options)));
  expect(outcomes).toContain('created');
  expect(await ensureBucket(options)).toBe('exists');
});

test('a tree of ten small files goes up in thirteen requests, one of them for the collector’s lists, and its record is one more', async () => {
  const { proxy, store: objects } = await throughProxy();
  const store = createArtifactStore({ objects, cacheDir: await temporaryFolder() });
  await objects.head('the bucket is known from here on');
  proxy.requests.length = 0;
  const ref = await store.save(await folderWith(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`file-${n}`, `content ${n}`]))));
  expect(proxy.requests).toHaveLength(13);
  proxy.requests.length = 0;
  expect(await store.record('d'.repeat(64))).toBeNull();
  expect(proxy.requests).toHaveLength(1);
  expect((await store.verify(ref.digest)).ok).toBe(true);
});

async function listAll(store: ReturnType<typeof createS3ObjectStore>): Promise<void> {
  for await (const _ of store.list('')) return;
}

/** A server that answers every request with these bytes and hangs up. */
async function answering(answer: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())));
  return `http://127.0.0.1:${port}`;
}
