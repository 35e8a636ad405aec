import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, expect, test } from 'vitest';
import { resolveStageUpdate, runQuery, type ResolveOrder } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

let lab: Lab;
afterEach(() => lab.close());

const chain = planOf('chain', [
  ['first', []],
  ['held', ['first']],
  ['third', ['held']],
]);

const resolve = (handle: WorkflowHandle, action: ResolveOrder['action']) =>
  handle.executeUpdate(resolveStageUpdate, { args: [{ action, stages: null, patch: [], force: [], by: 'anna', reason: null }] });

/** Empties the bucket, and returns how to bring it back. */
async function loseBucket(): Promise<() => Promise<void>> {
  const kept = new Map<string, Buffer>();
  for await (const { key } of lab.objects.list('')) kept.set(key, (await lab.objects.get(key))!);
  for (const key of kept.keys()) await lab.objects.delete(key);
  return async () => {
    for (const [key, body] of kept) await lab.objects.put(key, body);
  };
}

/** A run whose bucket was emptied while its second stage ran. */
async function runThatLostItsBucket(run: string) {
  const hold = gate();
  lab = await openLab('store-test', async (id) => void (id === 'held' && (await hold.opened)));
  const handle = await lab.start(run, chain);
  await eventually(() => lab.executed.get('held') === 1);
  const bringBack = await loseBucket();
  hold.open();
  await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
  return { handle, bringBack };
}

test('a run whose bucket is emptied is blocked and names it; nothing is started over; a retry goes on when it is back', async () => {
  const { handle, bringBack } = await runThatLostItsBucket('emptied');
  const { lost } = await handle.query(runQuery);
  expect(lost).toMatch(/the record of run emptied is no longer in .*emptied, or is another one.*judo retry emptied/);
  await eventually(() => lab.notices.length === 1);
  expect(lab.notices[0]).toMatchObject({ event: 'blocked', text: `run emptied is blocked: ${lost}` });
  await resolve(handle, 'retry');
  await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
  expect(Object.fromEntries(lab.executed)).toEqual({ first: 1, held: 1 });
  await bringBack();
  await resolve(handle, 'retry');
  await handle.result();
  expect(Object.fromEntries(lab.executed)).toEqual({ first: 1, held: 1, third: 1 });
  expect((await lab.status(handle)).state).toBe('completed');
});

test('it is not given up stage by stage, but can be cancelled', async () => {
  const { handle } = await runThatLostItsBucket('cancelled');
  await expect(resolve(handle, 'abort')).rejects.toMatchObject({ cause: { message: expect.stringContaining('judo cancel') } });
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  expect((await handle.query(runQuery)).state).toBe('cancelled');
});
