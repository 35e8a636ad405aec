import { afterEach, expect, test } from 'vitest';
import { createArtifactStore } from '../../activities/artifacts/artifact-store.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import { resolveStageUpdate } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

const SIGNED = { by: 'anna', reason: null } as const;
const chain = planOf('chain', [
  ['first', []],
  ['second', ['first']],
  ['third', ['second']],
]);

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

/** What code of this implementation of the chain's kind knows. */
const implementing = (version: number) => ({ 'seg-jux': { ...STAGE_KINDS['seg-jux']!, implementationVersion: version } });

test('a stage that was planned for other code is blocked; a retry plans it, and what is not done, for the deployed code', async () => {
  const kinds = implementing(1);
  lab = await openLab('deployed-test', async (id) => void (id === 'first' && Object.assign(kinds, implementing(2))), { kinds });
  const handle = await lab.start('mended', chain);
  await eventually(async () => (await lab!.status(handle)).state === 'blocked');
  const blocked = (await lab.status(handle)).stages.find(({ stage }) => stage === 'second');
  expect(blocked?.failure?.message).toBe('stage second was planned as implementation 1 of seg-jux; this worker makes 2');
  await handle.executeUpdate(resolveStageUpdate, { args: [{ action: 'retry', stages: null, patch: [], force: [], ...SIGNED }] });
  await handle.result();
  const { stages } = await lab.status(handle);
  const artifacts = createArtifactStore({ objects: lab.objects, cacheDir: '/nowhere' });
  const records = await Promise.all(stages.map(({ key }) => artifacts.record(key!)));
  expect(records.map((record) => record?.implementationVersion)).toEqual([1, 2, 2]);
  expect(Object.fromEntries(lab.executed)).toEqual({ first: 1, second: 1, third: 1 });
});

test('an older worker leaves a stage to a newer one', async () => {
  const kinds = implementing(1);
  const refused = gate();
  const watched = new Proxy(kinds, { get: (target, kind: 'seg-jux') => (refused.open(), target[kind]) });
  lab = await openLab('deployed-test', async () => undefined, { kinds: watched });
  const newer = { ...chain, stages: chain.stages.map((stage) => ({ ...stage, implementationVersion: 2 })) };
  const handle = await lab.start('waits-for-newer', newer);
  await refused.opened;
  Object.assign(kinds, implementing(2));
  await handle.result();
  expect(Object.fromEntries(lab.executed)).toEqual({ first: 1, second: 1, third: 1 });
});
