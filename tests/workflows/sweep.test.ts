import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, describe, expect, test } from 'vitest';
import { isSweep } from '../../activities/stage/plan-store.js';
import { StageError } from '../../contracts/failure.js';
import type { SweepPlan } from '../../contracts/plan.js';
import type { RunStatus } from '../../contracts/run.js';
import { amendPlanUpdate, pauseRunUpdate, resolveStageUpdate, runQuery } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

type Stages = Parameters<typeof planOf>[1];

let lab: Lab | undefined;
let runs = 0;
const newRun = () => `sweep-${process.pid}-${runs++}`;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

/** Files one plan a variant, and makes a sweep of them. */
async function sweepOf(variants: Readonly<Record<string, Stages>>): Promise<SweepPlan> {
  const filed = Object.entries(variants).map(async ([name, stages]) => ({
    ...{ name, set: {}, seed: null, plan: await lab!.plans.file(planOf(name, stages)) },
  }));
  return { schemaVersion: 1, name: 'swept', command: 'judo sweep run swept.yaml', variants: await Promise.all(filed) };
}

/** What every variant begins with, and a stage of its own whose parameter is the variant's. */
const tuned = (learningRate: number): Stages => [
  ['data', []],
  ['train', ['data'], { learningRate }],
  ['eval', ['train']],
];

const outcomes = (status: RunStatus) => Object.fromEntries(status.stages.map((stage) => [stage.stage, stage.outcome]));
const SIGNED = { by: 'anna', reason: null } as const;

/** Replaces the sweep that the run follows now. */
async function amend(handle: WorkflowHandle, change: (variants: SweepPlan['variants']) => SweepPlan['variants']): Promise<void> {
  const { plan: from } = await handle.query(runQuery);
  const sweep = await lab!.plans.read(from);
  if (!isSweep(sweep)) throw new Error('the run is no sweep');
  const plan = await lab!.plans.file({ ...sweep, variants: change(sweep.variants) });
  await handle.executeUpdate(amendPlanUpdate, { args: [{ from, plan, ...SIGNED }] });
}

/** The stage that waits until the test lets it go; `running` tells how many wait. */
async function openHeldLab(held: (id: string, learningRate: number) => boolean) {
  const hold = gate();
  const running = { now: 0, most: 0, cancelled: 0 };
  lab = await openLab('sweep-test', async (id, { stage, signal }) => {
    if (!held(id, Number(stage.params['learningRate'] ?? 0))) return;
    running.now += 1;
    running.most = Math.max(running.most, running.now);
    const cancelled = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([hold.opened, cancelled]);
    running.now -= 1;
    if (signal.aborted) running.cancelled += 1;
  });
  return { hold, running };
}

describe('a sweep', () => {
  test('executes a stage that its variants have in common once, and tells it in each', async () => {
    lab = await openLab('sweep-test', async () => undefined);
    const handle = await lab.start(newRun(), await sweepOf({ a: tuned(1), b: tuned(2), c: tuned(2) }));
    await handle.result();
    const status = await lab.status(handle);
    expect(status.stages.map(({ stage }) => stage)).toEqual(
      ['a', 'b', 'c'].flatMap((name) => ['data', 'train', 'eval'].map((id) => `${name}/${id}`)),
    );
    expect(new Set(Object.values(outcomes(status)))).toEqual(new Set(['ran']));
    expect(Object.fromEntries(lab.executed)).toEqual({ data: 1, train: 2, eval: 2 });
  });

  test('goes on with the other variants when one is blocked, and with that one when it is retried', async () => {
    let isBroken = true;
    lab = await openLab('sweep-test', async (id, { stage }) => {
      if (isBroken && id === 'train' && stage.params['learningRate'] === 1)
        throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN' });
    });
    const handle = await lab.start(newRun(), await sweepOf({ a: tuned(1), b: tuned(2) }));
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    expect(outcomes(await lab.status(handle))).toMatchObject({
      'a/train': 'blocked',
      'a/eval': 'waiting',
      'b/train': 'ran',
      'b/eval': 'ran',
    });
    isBroken = false;
    const resolved = await handle.executeUpdate(resolveStageUpdate, {
      args: [{ ...SIGNED, stages: ['a/train'], action: 'retry', patch: [], force: [] }],
    });
    expect(resolved.stages).toEqual(['a/train']);
    await handle.result();
    expect(outcomes(await lab.status(handle))['a/eval']).toBe('ran');
  });

  test('a patch of one variant changes that variant alone', async () => {
    lab = await openLab('sweep-test', async (id, { stage }) => {
      if (id === 'train' && stage.params['learningRate'] === 1) throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN' });
    });
    const handle = await lab.start(newRun(), await sweepOf({ a: tuned(1), b: tuned(2) }));
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    const before = await lab.status(handle);
    const patch = [{ path: 'learningRate', value: 3 }];
    await handle.executeUpdate(resolveStageUpdate, { args: [{ ...SIGNED, stages: ['a/train'], action: 'retry', patch, force: [] }] });
    await handle.result();
    const after = await lab.status(handle);
    const keyOf = (status: RunStatus, label: string) => status.stages.find(({ stage }) => stage === label)!.key;
    expect(keyOf(after, 'a/train')).not.toBe(keyOf(before, 'a/train'));
    expect(keyOf(after, 'b/train')).toBe(keyOf(before, 'b/train'));
  });

  test('that does not keep going pauses at the first blocked stage, and starts nothing further', async () => {
    const hold = gate();
    let isBroken = true;
    lab = await openLab('sweep-test', async (id) => {
      if (id === 'train') await hold.opened;
      if (id === 'broken' && isBroken) throw new StageError({ type: 'InvalidSpec', message: 'lr is -1' });
    });
    const handle = await lab.start(newRun(), await sweepOf({ a: [['broken', []]], b: tuned(2) }), { keepGoing: false });
    await eventually(async () => (await handle.query(runQuery)).paused);
    await eventually(() => lab!.notices.some(({ event }) => event === 'blocked'));
    hold.open();
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    const paused = outcomes(await lab.status(handle));
    // The stage that ran when it paused has ended; what follows it has not begun.
    expect(paused['a/broken']).toBe('blocked');
    expect(paused['b/eval']).toBe('waiting');
    isBroken = false;
    await handle.executeUpdate(resolveStageUpdate, { args: [{ ...SIGNED, stages: null, action: 'retry', patch: [], force: [] }] });
    await handle.executeUpdate(pauseRunUpdate, { args: [{ paused: false, ...SIGNED }] });
    await handle.result();
    expect(outcomes(await lab.status(handle))).toMatchObject({ 'a/broken': 'ran', 'b/eval': 'ran' });
  });
});

describe('a running sweep', () => {
  test('hears a retry that comes while the store is slow to file its record', async () => {
    let isBroken = true;
    lab = await openLab('sweep-test', async (id) => {
      if (id === 'broken' && isBroken) throw new StageError({ type: 'InvalidSpec', message: 'lr is -1' });
    });
    const hold = gate();
    const held = gate();
    const { objects } = lab;
    const put = objects.put.bind(objects);
    let writes = 0;
    Object.assign(objects, {
      put: async (...args: Parameters<typeof put>) => {
        // The first record of the failure is written when it is heard of, the second when nothing else can start.
        if (String(args[1]).includes('lr is -1') && ++writes === 2) {
          held.open();
          await hold.opened;
        }
        return put(...args);
      },
    });
    const handle = await lab.start(newRun(), await sweepOf({ a: [['broken', []]] }));
    await held.opened;
    const retry = handle.executeUpdate(resolveStageUpdate, { args: [{ ...SIGNED, stages: null, action: 'retry', patch: [], force: [] }] });
    // The decision is taken while the record is still being written.
    await retry;
    isBroken = false;
    hold.open();
    await handle.result();
    expect(outcomes(await lab.status(handle))).toEqual({ 'a/broken': 'ran' });
  });

  test('that a variant is dropped from ends what only that one needs, and what others need goes on', async () => {
    const { hold, running } = await openHeldLab((id) => id === 'train');
    const handle = await lab!.start(newRun(), await sweepOf({ a: tuned(1), b: tuned(2), c: tuned(2) }));
    await eventually(() => running.now === 2);
    await amend(handle, (variants) => variants.filter(({ name }) => name !== 'a'));
    await eventually(() => running.cancelled === 1);
    await amend(handle, (variants) => variants.filter(({ name }) => name !== 'b'));
    await eventually(async () => !Object.keys(outcomes(await lab!.status(handle))).some((label) => label.startsWith('b/')));
    expect(running).toMatchObject({ now: 1, cancelled: 1 });
    hold.open();
    await handle.result();
    const status = await lab!.status(handle);
    expect(outcomes(status)).toEqual({ 'c/data': 'ran', 'c/train': 'ran', 'c/eval': 'ran' });
    expect(status.decisions.map(({ action, by }) => `${by} ${action}`)).toEqual(['anna amend', 'anna amend']);
  });

  test('takes a variant that is added, and runs only what is new', async () => {
    const { hold, running } = await openHeldLab((id) => id === 'train');
    const handle = await lab!.start(newRun(), await sweepOf({ a: tuned(1) }));
    await eventually(() => running.now === 1);
    const more = await sweepOf({ b: tuned(5) });
    await amend(handle, (variants) => [...variants, ...more.variants]);
    await eventually(() => running.now === 2);
    hold.open();
    await handle.result();
    expect(outcomes(await lab!.status(handle))).toMatchObject({ 'a/eval': 'ran', 'b/eval': 'ran' });
    expect(Object.fromEntries(lab!.executed)).toEqual({ data: 1, train: 2, eval: 2 });
  });

  test('refuses a change that was made from an older plan', async () => {
    const { hold, running } = await openHeldLab((id) => id === 'train');
    const handle = await lab!.start(newRun(), await sweepOf({ a: tuned(1), b: tuned(2) }));
    await eventually(() => running.now === 2);
    const { plan: from } = await handle.query(runQuery);
    await amend(handle, (variants) => variants.filter(({ name }) => name !== 'a'));
    const stale = handle.executeUpdate(amendPlanUpdate, { args: [{ from, plan: from, ...SIGNED }] });
    await expect(stale).rejects.toMatchObject({ cause: { message: expect.stringContaining('was changed meanwhile') as string } });
    hold.open();
    await handle.result();
  });

  test('has at most as many stages in flight as its limit, which can be raised', async () => {
    const { hold, running } = await openHeldLab((id) => id === 'train');
    const variants = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`v${n}`, tuned(n + 1)]));
    const handle = await lab!.start(newRun(), await sweepOf(variants), { limits: { parallel: 2 } });
    await eventually(() => running.now === 2);
    // Everything that was started by the time of this answer is in it.
    expect((await handle.query(runQuery)).live.length).toBe(2);
    await handle.executeUpdate(pauseRunUpdate, { args: [{ paused: false, limits: { parallel: 4 }, ...SIGNED }] });
    await eventually(() => running.now === 4);
    expect((await handle.query(runQuery)).live.length).toBe(4);
    hold.open();
    await handle.result();
    expect(running.most).toBe(4);
    expect(Object.fromEntries(lab!.executed)).toEqual({ data: 1, train: 6, eval: 6 });
  });
});

describe('a wide sweep', () => {
  test('of 300 stages continues as new with stages running, loses nothing, and keeps every history short', async () => {
    lab = await openLab('sweep-test', async () => undefined);
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`v${n}`, tuned(n + 1)]));
    const handle = await lab.start(newRun(), await sweepOf(wide), { continueAfterEvents: 60 });
    await handle.result();
    const status = await lab.status(handle);
    expect(status.stages.length).toBe(300);
    expect(status.stages.filter(({ outcome }) => outcome === 'ran').length).toBe(300);
    expect(Object.fromEntries(lab.executed)).toEqual({ data: 1, train: 100, eval: 100 });
    const lengths = await lab.historyLengths(handle.workflowId);
    expect(lengths.length).toBeGreaterThan(3);
    expect(Math.max(...lengths)).toBeLessThan(2_000);
  });
});
