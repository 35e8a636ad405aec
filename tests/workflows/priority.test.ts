import { Connection } from '@temporalio/client';
import { afterEach, expect, inject, test } from 'vitest';
import { createTaskQueuePreemption } from '../../adapters/task-queue/preemption.js';
import { priorities, queues } from '../../temporal.config.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const STARTED = 2;

/** Who is first in the queue of a worker that has one place. */
let lab: Lab;
afterEach(() => lab.close());

/** A worker whose one place `held` has until `hold` is opened; `order` is what ran, in order. */
async function openNarrowLab() {
  const hold = gate();
  const order: string[] = [];
  lab = await openLab(
    'priority-test',
    async (id) => {
      order.push(id);
      if (id === 'held') await hold.opened;
    },
    { slots: 1 },
  );
  const held = await lab.start('holds-the-place', planOf('held', [['held', []]]));
  await eventually(() => order.length === 1);
  return { hold, order, held };
}

/** Resolves when the queue holds so many activities. */
const queued = (workflows: readonly string[]) =>
  eventually(async () => {
    const all = await Promise.all(workflows.map((id) => lab.client.workflow.getHandle(id).describe()));
    return all.every(({ raw }) => (raw.pendingActivities ?? []).length === 1);
  });

test('a stage of a sweep becomes as urgent as the interactive run that joins it', async () => {
  const { hold, order, held } = await openNarrowLab();
  const sweep = await lab.start(
    'sweep',
    planOf('swept', [
      ['first', []],
      ['second', []],
      ['shared', []],
    ]),
    {},
    priorities.sweep,
  );
  await eventually(async () => (await lab.status(sweep)).stages.every(({ outcome }) => outcome === 'running'));
  await queued((await lab.status(sweep)).stages.map(({ key }) => `stage/${key}`));
  const interactive = await lab.start('interactive', planOf('asked', [['shared', []]]), {}, priorities.interactive);
  const { key } = (await lab.status(sweep)).stages.find(({ stage }) => stage === 'shared')!;
  await eventually(async () => {
    const { raw } = await lab.client.workflow.getHandle(`stage/${key}`).describe();
    return raw.pendingActivities?.[0]?.priority?.priorityKey === priorities.interactive.priorityKey;
  });
  hold.open();
  await Promise.all([held.result(), interactive.result(), sweep.result()]);
  expect(order).toEqual(['held', 'shared', expect.any(String), expect.any(String)]);
});

test('a running stage that a more urgent run joined keeps its place against work as urgent as that one', async () => {
  const [opened, considered] = [gate(), gate()];
  const { priorityKey } = priorities.interactive;
  let looks = 0;
  let isPreempted = false;
  // The watch asks what the stage's priority is whenever it sees work that would be more urgent than the sweep.
  const connect = async () => {
    const { workflowService } = await Connection.connect({ address: inject('temporalAddress') });
    const describeWorkflowExecution = (request: { namespace: string }) => {
      if (++looks === 3) considered.open();
      return workflowService.describeWorkflowExecution(request);
    };
    return { workflowService: Object.assign(Object.create(workflowService) as typeof workflowService, { describeWorkflowExecution }) };
  };
  lab = await openLab(
    'priority-test',
    async (id, { signal }) => {
      signal.addEventListener('abort', () => (isPreempted = true));
      if (id === 'shared') await opened.opened;
    },
    {
      slots: 1,
      preemption: createTaskQueuePreemption({ connect, namespace: 'priority-test', taskQueue: queues.cpu, everyMs: 50 }),
    },
  );
  const shared = planOf('shared', [['shared', []]]);
  const sweep = await lab.start('swept', { ...shared, runtime: { ...shared.runtime, preemptible: true } }, {}, priorities.sweep);
  const running = async () => (await lab.status(sweep)).stages[0]!;
  await eventually(async () => (await running()).key !== null);
  const stage = lab.client.workflow.getHandle(`stage/${(await running()).key}`);
  const activity = async () => (await stage.describe()).raw.pendingActivities?.[0];
  await eventually(async () => (await activity())?.state === STARTED);
  const joined = await lab.start('joins', shared, {}, priorities.interactive);
  await eventually(async () => (await activity())?.priority?.priorityKey === priorityKey);
  const other = await lab.start('waits', planOf('other', [['other', []]]), {}, priorities.interactive);
  await considered.opened;
  opened.open();
  await Promise.all([sweep.result(), joined.result(), other.result()]);
  expect(isPreempted).toBe(false);
  expect(lab.executed).toEqual(
    new Map([
      ['shared', 1],
      ['other', 1],
    ]),
  );
});

test('two sweeps share a place evenly, though one asked for it first with all it has', async () => {
  const { hold, order, held } = await openNarrowLab();
  const STAGES = 8;
  const start = async (name: string) => {
    const stages = Array.from({ length: STAGES }, (_, n) => [`${name}${n}`, []] as const);
    const handle = await lab.start(`share-${name}`, planOf(name, stages), {}, { ...priorities.sweep, fairnessKey: name });
    await eventually(async () => (await lab.status(handle)).stages.every(({ outcome }) => outcome === 'running'));
    await queued((await lab.status(handle)).stages.map(({ key }) => `stage/${key}`));
    return handle;
  };
  const [first, second] = [await start('a'), await start('b')];
  hold.open();
  await Promise.all([held.result(), first.result(), second.result()]);
  const half = order.slice(1, 1 + STAGES);
  const ofSecond = half.filter((id) => id.startsWith('b')).length;
  expect(ofSecond, order.join(' ')).toBeGreaterThanOrEqual(STAGES / 2 - 1);
  expect(order).toHaveLength(1 + 2 * STAGES);
});
