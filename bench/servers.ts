import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3ObjectStore, ensureBucket } from '../adapters/object-store/s3.js';
import type { ObjectStore } from '../contracts/ports/object-store.js';
import { judoHome } from '../infra/checkout.js';
import { startS3Server } from '../infra/s3-server.js';
import { grpcIsServing } from '../infra/stack/grpc-health.js';
import { freePort } from '../infra/stack/ports.js';
import { createSearchAttributes, temporalBinary, temporalFlags } from '../infra/stack/temporal-server.js';

const REGION = 'us-east-1';

export interface BenchServers {
  readonly directory: string;
  readonly temporalAddress: string;
  readonly s3: { readonly endpoint: string; readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } };
  stop(): Promise<void>;
}

/** The tuned Temporal server and the S3 server of the one-machine stack, for one benchmark run. */
export async function startServers(): Promise<BenchServers> {
  const directory = await mkdtemp(join(tmpdir(), 'judo-bench-'));
  const [port, uiPort, s3Port] = [await freePort([]), await freePort([]), await freePort([])];
  const { binary } = temporalBinary(judoHome());
  const temporal = spawn(binary, temporalFlags({ port, uiPort, database: join(directory, 'temporal.db') }), { stdio: 'ignore' });
  const temporalAddress = `127.0.0.1:${port}`;
  while (!(await grpcIsServing(temporalAddress, 'temporal.api.workflowservice.v1.WorkflowService'))) {
    if (temporal.exitCode !== null) throw new Error(`the Temporal server ended with ${temporal.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await createSearchAttributes(binary, temporalAddress);
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };
  const s3 = await startS3Server({
    dir: join(directory, 's3'),
    port: s3Port,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
  });
  // A benchmark that is broken off leaves no server behind.
  const abandon = () => {
    temporal.kill('SIGKILL');
    s3.child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  return {
    directory,
    temporalAddress,
    s3: { endpoint: s3.endpoint, credentials },
    async stop() {
      process.off('exit', abandon);
      const ended = new Promise((resolve) => temporal.once('exit', resolve));
      temporal.kill('SIGTERM');
      await Promise.all([ended, s3.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A bucket of the run's S3 server, made if it is not there. */
export async function openBucket({ s3 }: BenchServers, bucket: string): Promise<ObjectStore> {
  const options = { bucket, endpoint: s3.endpoint, region: REGION, credentials: s3.credentials };
  await ensureBucket(options);
  return createS3ObjectStore(options);
}

/** What tells a process of ours where the run's servers are; it takes nothing from this process but where programs are. */
export function environmentOf({ directory, temporalAddress, s3 }: BenchServers, bucket: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: homedir(),
    JUDO_HOME: join(directory, 'home', bucket),
    TEMPORAL_CONFIG_FILE: join(directory, 'none.toml'),
    TEMPORAL_ADDRESS: temporalAddress,
    JUDO_S3_ENDPOINT: s3.endpoint,
    JUDO_S3_BUCKET: bucket,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
}
