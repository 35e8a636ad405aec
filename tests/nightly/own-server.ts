import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { judoHome } from '../../infra/checkout.js';
import { grpcIsServing } from '../../infra/stack/grpc-health.js';
import { freePort } from '../../infra/stack/ports.js';
import { createSearchAttributes, temporalBinary, temporalFlags } from '../../infra/stack/temporal-server.js';

/** A Temporal server of a test's own, which it stops and starts again on the same port and database. */
export async function openOwnServer(directory: string) {
  const { binary } = temporalBinary(judoHome());
  const port = await freePort([]);
  const uiPort = await freePort([], new Set([port]));
  const address = `127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  return {
    address,
    async start(): Promise<void> {
      const started = spawn(binary, temporalFlags({ port, uiPort, database: join(directory, 'temporal.db') }), { stdio: 'ignore' });
      server = started;
      while (!(await grpcIsServing(address, 'temporal.api.workflowservice.v1.WorkflowService'))) {
        if (started.exitCode !== null) throw new Error(`the Temporal server ended with ${started.exitCode}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await createSearchAttributes(binary, address);
    },
    async stop(): Promise<void> {
      if (server === undefined || server.exitCode !== null) return;
      const ended = new Promise((resolve) => server!.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    },
  };
}
