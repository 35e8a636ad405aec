import { expect, test } from 'vitest';
import { createPlanStore } from '../../activities/stage/plan-store.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { objectKeys } from '../../contracts/artifact.js';
import { planOf } from '../support/stage-lab.js';

const PLAN = planOf('filed', [['only', []]]);

test('a plan is read as it was filed, by any process', async () => {
  const objects = createMemoryObjectStore();
  const digest = await createPlanStore(objects).file(PLAN);
  expect(await createPlanStore(objects).load(digest)).toEqual(PLAN);
});

test.each([
  ['edited', (text: string) => text.replace('"only"', '"other"')],
  ['cut off', (text: string) => text.slice(0, -10)],
])('a plan that was %s is refused with its object and the remedy', async (_, damage) => {
  const objects = createMemoryObjectStore();
  const digest = await createPlanStore(objects).file(PLAN);
  const key = objectKeys.plan(digest);
  await objects.put(key, damage(String(await objects.get(key))));
  await expect(createPlanStore(objects).load(digest)).rejects.toMatchObject({
    failure: { type: 'DigestMismatch', message: expect.stringContaining(key), remedy: expect.stringContaining('back as it was') },
  });
});
