import { afterEach, expect, test } from 'vitest';
import { priorities } from '../../temporal.config.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

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
