import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judoHome } from '../infra/checkout.js';
import { startS3Server } from '../infra/s3-server.js';
import { grpcIsServing } from '../infra/stack/grpc-health.js';
import { freePort } from '../infra/stack/ports.js';
import { createSearchAttributes, temporalBinary, temporalFlags } from '../infra/stack/temporal-server.js';

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
  return {
    directory,
    temporalAddress,
    s3: { endpoint: s3.endpoint, credentials },
    async stop() {
      const ended = new Promise((resolve) => temporal.once('exit', resolve));
      temporal.kill('SIGTERM');
      await Promise.all([ended, s3.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
