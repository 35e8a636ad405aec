import { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterEach, expect, inject, test } from 'vitest';
import { createTaskQueueHosts } from '../../adapters/task-queue/hosts.js';
import { StageError } from '../../contracts/failure.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually } from '../support/waiting.js';

const NAMESPACE = 'hosts-test';
let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

/** How many attempts a stage took that fails once on `alpha`, and whose queue these others poll. */
async function attemptsBeside(others: readonly string[]): Promise<number | undefined> {
  let failures = 1;
  lab = await openLab(
    NAMESPACE,
    async () => {
      if (failures-- > 0) throw new StageError({ type: 'Transient', message: 'this machine has a bad day' });
    },
    { hosts: { here: 'alpha', others: async () => others } },
  );
  const handle = await lab.start(`beside-${others.length}`, planOf('one', [['only', [], { others: others.length }]]));
  await handle.result();
  expect(lab.executed.get('only')).toBe(2);
  return (await lab.status(handle)).stages[0]?.attempts;
}

test('a host on which a stage failed leaves the next attempt to another; it does it itself when it gets it again', async () => {
  expect(await attemptsBeside(['beta'])).toBe(3);
});

test('a host that is alone tries again itself', async () => {
  expect(await attemptsBeside([])).toBe(2);
});

test('the other hosts of a queue are those whose workers poll it', async () => {
  const address = inject('temporalAddress');
  const connection = await NativeConnection.connect({ address });
  const queue = { namespace: NAMESPACE, taskQueue: 'polled-by-beta' };
  const worker = await Worker.create({ connection, ...queue, identity: '1@beta', activities: { any: async () => 0 } });
  const running = worker.run();
  const seenBy = (here: string) => createTaskQueueHosts({ connect: () => Connection.connect({ address }), ...queue, here }).others();
  await eventually(async () => (await seenBy('alpha')).length > 0);
  expect([await seenBy('alpha'), await seenBy('beta')]).toEqual([['beta'], []]);
  worker.shutdown();
  await running;
  await connection.close();
});
