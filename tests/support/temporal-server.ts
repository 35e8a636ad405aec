import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { judoHome } from '../../infra/checkout.js';
import { grpcIsServing } from '../../infra/stack/grpc-health.js';
import { freePort } from '../../infra/stack/ports.js';
import { createSearchAttributes, temporalBinary, temporalFlags } from '../../infra/stack/temporal-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The real Temporal server of this test run. */
    temporalAddress: string;
    /** The workflows, bundled once. */
    workflowBundle: string;
  }
}

/** A namespace for each test file that runs workers: queues have fixed names, and files run side by side. */
export const NAMESPACES = [
  'pipeline-test',
  'nightly-test',
  'decision-test',
  'replay-test',
  'stage-test',
  'retention-test',
  'sweep-test',
  'preemption-test',
  'overlap-test',
  'builds-test',
  'deployed-test',
  'store-test',
  'priority-test',
  'hosts-test',
  'full-log-test',
] as const;

/** One tuned Temporal server and one workflow bundle for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'judo-temporal-'));
  const { binary } = temporalBinary(judoHome());
  const { address, server } = await startServer(binary, directory);
  for (const namespace of NAMESPACES) await createSearchAttributes(binary, address, namespace);
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
    webpackConfigHook: resolveTypeScript,
  });
  const bundle = join(directory, 'workflow-bundle.js');
  writeFileSync(bundle, code);
  project.provide('temporalAddress', address);
  project.provide('workflowBundle', bundle);
  return async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
}

/** Tries a few pairs of ports: one that was free when we asked may be taken by another test run when the server binds it. */
async function startServer(binary: string, directory: string): Promise<{ address: string; server: ChildProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort([]);
    const uiPort = await freePort([], new Set([port]));
    const flags = [
      ...temporalFlags({ port, uiPort, database: join(directory, `temporal-${attempt}.db`) }),
      ...NAMESPACES.flatMap((name) => ['--namespace', name]),
    ];
    const server = spawn(binary, flags, { stdio: 'ignore' });
    const address = `127.0.0.1:${port}`;
    try {
      await serving(address, server);
      return { address, server };
    } catch (error) {
      server.kill('SIGKILL');
      if (attempt === 3) throw error;
    }
  }
}

async function serving(address: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await grpcIsServing(address, 'temporal.api.workflowservice.v1.WorkflowService'))) {
    if (server.exitCode !== null) throw new Error(`the Temporal server ended with ${server.exitCode}`);
    if (Date.now() > deadline) throw new Error(`no Temporal server at ${address} after a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The sources import `./x.js` as Node wants it; webpack must find `./x.ts`. */
function resolveTypeScript<Config extends { resolve?: object }>(config: Config): Config {
  return { ...config, resolve: { ...config.resolve, extensionAlias: { '.js': ['.ts', '.js'] } } };
}
