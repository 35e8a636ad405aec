import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterEach, expect, inject, test } from 'vitest';
import { ACTIVITY_TASKS } from '../../adapters/task-queue/grpc.js';
import { checkoutRoot } from '../../infra/checkout.js';
import { queues } from '../../temporal.config.js';
import { eventually } from '../support/waiting.js';

const NAMESPACE = 'full-log-test';
const home = mkdtempSync(join(tmpdir(), 'judo-full-log-'));
let worker: ChildProcess | undefined;
afterEach(() => {
  worker?.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

test('a worker whose log is on a full disk goes on', async () => {
  const full = openSync('/dev/full', 'w');
  worker = spawn(process.execPath, [join(checkoutRoot(), 'dist', 'workers', 'main.js')], {
    stdio: ['ignore', full, full],
    env: {
      ...{ PATH: process.env['PATH'], HOME: homedir(), JUDO_HOME: home, TEMPORAL_CONFIG_FILE: join(home, 'none.toml') },
      ...{ TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_NAMESPACE: NAMESPACE },
      // Nobody is there: what the worker says of it cannot be written either.
      ...{ JUDO_S3_ENDPOINT: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' },
    },
  });
  closeSync(full);
  const ended = new Promise<string>((resolve) => worker!.once('exit', (code, signal) => resolve(`ended with ${code ?? signal}`)));
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const polls = eventually(async () => {
    const taskQueue = { name: queues.teacher };
    const answer = await connection.workflowService.describeTaskQueue({ namespace: NAMESPACE, taskQueue, taskQueueType: ACTIVITY_TASKS });
    return (answer.pollers ?? []).length > 0;
  });
  expect(await Promise.race([polls.then(() => 'polls'), ended])).toBe('polls');
  // Asked to end, it does so in order: it has outlived everything that it said.
  worker.kill('SIGTERM');
  expect(await ended).toBe('ended with 0');
  await connection.close();
});
