import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createFileSystemObjectStore } from '../../adapters/object-store/file-system.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { startTestS3, type TestS3 } from '../support/s3.js';
import { testObjectStore } from './object-store.js';

let root: string;
let s3: TestS3;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'judo-objects-'));
  s3 = await startTestS3();
}, 300_000);
afterAll(async () => {
  await s3.stop();
  await rm(root, { recursive: true, force: true });
});

testObjectStore('memory', async () => createMemoryObjectStore());
testObjectStore('file system', async () => createFileSystemObjectStore(join(root, 'objects')));
testObjectStore('S3 (versitygw)', () => s3.bucket());
