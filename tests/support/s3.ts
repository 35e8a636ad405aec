import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3ObjectStore, ensureBucket } from '../../adapters/object-store/s3.js';
import type { S3Options } from '../../adapters/object-store/s3-connection.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { startS3Server, type S3Server } from '../../infra/s3-server.js';

const credentials = { accessKeyId: 'judo-test', secretAccessKey: 'judo-test-secret' };

/** A real S3 server for one test file: on a free loopback port, its data in a temporary folder. */
export interface TestS3 {
  readonly endpoint: string;
  readonly dir: string;
  readonly credentials: typeof credentials;
  /** A store in a fresh bucket. */
  bucket(options?: Partial<S3Options>): Promise<ObjectStore>;
  /** kill -9, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestS3(): Promise<TestS3> {
  const dir = await mkdtemp(join(tmpdir(), 'judo-s3-'));
  const port = await freePort();
  const options = { dir, port, accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey };
  let server: S3Server = await startS3Server(options);
  return {
    endpoint: server.endpoint,
    dir,
    credentials,
    async bucket(overrides = {}) {
      const s3 = { bucket: `test-${randomUUID()}`, endpoint: server.endpoint, region: 'us-east-1', credentials, ...overrides };
      await ensureBucket({ ...s3, endpoint: server.endpoint, credentials });
      return createS3ObjectStore(s3);
    },
    kill: () => server.stop('SIGKILL'),
    async restart() {
      await server.stop();
      server = await startS3Server(options);
    },
    async stop() {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port');
  return address.port;
}
