import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, describe, expect, test } from 'vitest';
import { sendOrder } from '../../cli/send-order.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { RunStatus } from '../../contracts/run.js';
import { amendPlanUpdate, pauseRunUpdate, resolveStageUpdate, runQuery, type ResolveOrder } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually } from '../support/waiting.js';

const CHAIN = planOf('chain', [
  ['first', []],
  ['second', ['first']],
  ['third', ['second']],
]);
const RETRY: ResolveOrder = { stages: null, action: 'retry', patch: [], force: [], by: 'anna', reason: null };

let lab: Lab | undefined;
let runs = 0;
const newRun = () => `decided-${process.pid}-${runs++}`;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const outcomes = (status: RunStatus) => Object.fromEntries(status.stages.map((stage) => [stage.stage, stage.outcome]));
const isBlocked = async (handle: WorkflowHandle) => (await handle.query(runQuery)).state === 'blocked';
const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)),
  );

/** A run whose second stage is blocked until its learning rate is 2 or more. */
async function blockedRun(): Promise<WorkflowHandle> {
  lab = await openLab('decision-test', async (id, { stage }) => {
    if (id === 'second' && !(Number(stage.params['learningRate'] ?? 1) >= 2))
      throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN at step 3' });
  });
  const handle = await lab.start(newRun(), CHAIN);
  await eventually(() => isBlocked(handle));
  return handle;
}

describe('a blocked stage', () => {
  test('retried with a changed parameter runs under its new key; what was done stays done', async () => {
    const handle = await blockedRun();
    const before = await lab!.status(handle);
    await handle.executeUpdate(resolveStageUpdate, {
      args: [{ ...RETRY, patch: [{ path: 'learningRate', value: 2 }], reason: 'too low' }],
    });
    await handle.result();
    const after = await lab!.status(handle);
    expect(outcomes(after)).toEqual({ first: 'ran', second: 'ran', third: 'ran' });
    expect(after.stages[1]!.key).not.toBe(before.stages[1]!.key);
    expect(Object.fromEntries(lab!.executed)).toEqual({ first: 1, second: 2, third: 1 });
    const { at: _, ...decision } = after.decisions[0]!;
    expect(decision).toEqual({
      ...{ by: 'anna', reason: 'too low', action: 'retry', stages: ['second'], force: [] },
      patch: [{ path: 'learningRate', value: 2 }],
    });
  });

  test('tells people who do not look', async () => {
    const handle = await blockedRun();
    await eventually(async () => lab!.notices.length > 0);
    const { run } = await handle.query(runQuery);
    expect(lab!.notices).toEqual([
      { run, event: 'blocked', stages: ['second'], text: `stage second of run ${run} is blocked: loss is NaN at step 3` },
    ]);
  });

  test('has a report written of what there is, and one of its end, but none when it is done in one go', async () => {
    const handle = await blockedRun();
    await eventually(async () => lab!.reports.length > 0);
    await handle.executeUpdate(resolveStageUpdate, { args: [{ ...RETRY, patch: [{ path: 'learningRate', value: 2 }] }] });
    const { run } = await handle.result();
    expect(lab!.reports.map((live) => [live.run, live.state])).toEqual([
      [run, 'blocked'],
      [run, 'completed'],
    ]);
    await (await lab!.start(newRun(), await lab!.plans.load((await handle.query(runQuery)).plan))).result();
    expect(lab!.reports).toHaveLength(2);
  });

  test('refuses a change that does not fit, at once and with the reason, and stays as it is', async () => {
    const handle = await blockedRun();
    const retry = (order: Partial<ResolveOrder>) => refused(handle.executeUpdate(resolveStageUpdate, { args: [{ ...RETRY, ...order }] }));
    expect(await retry({ patch: [{ path: 'learnignRate', value: 1 }] })).toContain(
      'no such parameter of second; did you mean "learningRate"?',
    );
    expect(await retry({ patch: [{ path: 'learningRate', value: -1 }] })).toContain('second refuses -1');
    expect(await retry({ patch: [{ path: 'third.learningRate', value: 1 }] })).toContain('no such parameter of second');
    expect(await retry({ stages: ['first'] })).toContain('stage first of run');
    expect(await retry({ stages: ['nothing'] })).toContain('blocked: second');
    expect(await retry({ force: ['nothing'] })).toContain('the plan has no such stage');
    expect(await isBlocked(handle)).toBe(true);
    expect((await handle.query(runQuery)).decisions).toEqual([]);
  });

  const TWICE: Partial<ResolveOrder> = { stages: ['second'], patch: [{ path: 'learningRate', value: 2 }] };
  test.each<[string, Partial<ResolveOrder>, Partial<ResolveOrder>]>([
    ['who both change a parameter', TWICE, TWICE],
    ['who both retry all that is blocked', { ...TWICE, stages: null }, { ...TWICE, stages: null }],
    ['one of whom gives it up', TWICE, { stages: ['second'], action: 'abort' }],
    ['who both give it up', { action: 'abort' }, { action: 'abort' }],
  ])('resolved by two people at once, %s, is resolved once, and the other is told by whom', async (_, anna, ben) => {
    const handle = await blockedRun();
    const orders = [
      { ...RETRY, ...anna, by: 'anna' },
      { ...RETRY, ...ben, by: 'ben' },
    ];
    const { run } = await handle.query(runQuery);
    const answers = await Promise.all(orders.map((order) => refused(sendOrder(lab!.client, run, resolveStageUpdate, order))));
    const winner = orders[answers.indexOf('accepted')]!;
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1);
    expect(answers.find((answer) => answer !== 'accepted')).toMatch(
      new RegExp(`${winner.by} (is resolving stage second right now|decided ${winner.action} at)`),
    );
    await handle.result().catch(() => undefined);
    const { state, decisions } = await handle.query(runQuery);
    expect(decisions.map(({ by, action }) => `${by} ${action}`)).toEqual([`${winner.by} ${winner.action}`]);
    expect(state).toBe(winner.action === 'retry' ? 'completed' : 'failed');
    expect(lab!.executed.get('second')).toBe(winner.action === 'retry' ? 2 : 1);
  });

  test('retried with a done stage forced runs that one again too', async () => {
    const handle = await blockedRun();
    await handle.executeUpdate(resolveStageUpdate, {
      args: [{ ...RETRY, patch: [{ path: 'learningRate', value: 2 }], force: ['first'] }],
    });
    await handle.result();
    expect(Object.fromEntries(lab!.executed)).toEqual({ first: 2, second: 2, third: 1 });
  });
});

describe('pausing', () => {
  test('starts no further stage until it is resumed, and says so', async () => {
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    lab = await openLab('decision-test', async (id) => (id === 'first' ? opened : undefined));
    const handle = await lab.start(newRun(), CHAIN);
    await eventually(async () => lab!.executed.has('first'));
    const pause = (paused: boolean) => handle.executeUpdate(pauseRunUpdate, { args: [{ paused, by: 'anna', reason: 'maintenance' }] });
    await pause(true);
    expect(await refused(pause(true))).toContain('already paused');
    open();
    await eventually(async () => (await lab!.status(handle)).stages[0]!.outcome === 'ran');
    expect(outcomes(await lab.status(handle))).toEqual({ first: 'ran', second: 'waiting', third: 'waiting' });
    expect((await handle.query(runQuery)).paused).toBe(true);
    await pause(false);
    await handle.result();
    expect((await lab.status(handle)).decisions.map(({ action }) => action)).toEqual(['pause', 'resume']);
  });
});

describe('an amended plan', () => {
  test('is followed from then on, and refused from who saw an older one', async () => {
    const handle = await blockedRun();
    const { plan } = await handle.query(runQuery);
    const other = await lab!.plans.file(planOf('chain', [['first', []]]));
    const amend = (from: string) => handle.executeUpdate(amendPlanUpdate, { args: [{ from, plan: other, by: 'anna', reason: null }] });
    expect(await refused(amend(other))).toContain('was changed meanwhile');
    await amend(plan);
    await handle.result();
    expect(outcomes(await lab!.status(handle))).toEqual({ first: 'ran' });
  });
});

describe('a run', () => {
  test('continues as new with its stages running, and forgets nothing', async () => {
    const wide = planOf('wide', [
      ...Array.from({ length: 40 }, (_, n) => [`stage-${n}`, []] as const),
      ['end', Array.from({ length: 40 }, (_, n) => `stage-${n}`)],
    ]);
    lab = await openLab('decision-test', async () => undefined);
    const handle = await lab.start(newRun(), wide, { continueAfterEvents: 30 });
    await handle.result();
    const status = await lab.status(handle);
    expect(new Set(status.stages.map((stage) => stage.outcome))).toEqual(new Set(['ran']));
    expect([...lab.executed.values()].every((times) => times === 1)).toBe(true);
    const lengths = await lab.historyLengths(handle.workflowId);
    expect(lengths.length).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThan(1_000);
  });

  test('pauses itself at a limit, and goes on when the limit is raised', async () => {
    lab = await openLab('decision-test', async () => undefined, { usd: 3 });
    const handle = await lab.start(newRun(), CHAIN, { limits: { usd: 5 } });
    await eventually(async () => (await handle.query(runQuery)).paused);
    expect(outcomes(await lab.status(handle))).toEqual({ first: 'ran', second: 'ran', third: 'waiting' });
    expect((await handle.query(runQuery)).decisions[0]).toMatchObject({ by: 'limits', reason: '6.00 of 5 dollars spent' });
    await handle.executeUpdate(pauseRunUpdate, { args: [{ paused: false, limits: { usd: 20 }, by: 'anna', reason: null }] });
    await handle.result();
    expect(outcomes(await lab.status(handle))['third']).toBe('ran');
  });

  test('that does not keep going pauses when a stage is blocked', async () => {
    lab = await openLab('decision-test', async (id) => {
      if (id === 'bad') throw new StageError({ type: 'InvalidSpec', message: 'no' });
    });
    const plan = planOf('two', [
      ['bad', []],
      ['good', []],
      ['later', ['good']],
    ]);
    const handle = await lab.start(newRun(), plan, { keepGoing: false, limits: { parallel: 1 } });
    await eventually(async () => (await handle.query(runQuery)).paused);
    expect(outcomes(await lab.status(handle))).toEqual({ bad: 'blocked', good: 'waiting', later: 'waiting' });
    await handle.terminate();
  });

  test('is on record from its start, so that it can be restarted when Temporal has forgotten it', async () => {
    const handle = await blockedRun();
    const { run, plan } = await handle.query(runQuery);
    await eventually(async () => {
      const filed = RunStatus.parse(JSON.parse((await lab!.objects.get(objectKeys.run(run)))!.toString('utf8')));
      return filed.state === 'blocked' && filed.plan === plan && filed.stages[1]!.outcome === 'blocked';
    });
    await handle.terminate();
  });

  test('is on record with the terms that hold now', async () => {
    lab = await openLab('decision-test', async () => undefined, { usd: 3 });
    const handle = await lab.start(newRun(), CHAIN, { limits: { usd: 5, parallel: 2 }, keepGoing: false });
    await eventually(async () => (await handle.query(runQuery)).paused);
    await handle.executeUpdate(pauseRunUpdate, { args: [{ paused: false, limits: { usd: 20 }, by: 'anna', reason: null }] });
    const { run } = await handle.result();
    const filed = RunStatus.parse(JSON.parse((await lab.objects.get(objectKeys.run(run)))!.toString('utf8')));
    expect(filed).toMatchObject({ limits: { usd: 20, parallel: 2 }, keepGoing: false });
  });

  test('of a lower class gives its place to a more urgent one after its checkpoint, and goes on by itself', async () => {
    const events: string[] = [];
    lab = await openLab(
      'decision-test',
      async (id, { signal, attempt }) => {
        events.push(`${id} begins`);
        if (id !== 'long' || events.filter((event) => event === 'long begins').length > 1) return void events.push(`${id} ends`);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        events.push(`${id} stops, attempt ${attempt}`);
        signal.throwIfAborted();
      },
      { slots: 1 },
    );
    const low = planOf('low', [['long', []]]);
    const preemptible = { ...low, runtime: { ...low.runtime, preemptible: true } };
    const long = await lab.start(newRun(), preemptible, {}, { priorityKey: 4 });
    await eventually(async () => events.length === 1);
    const urgent = await lab.start(newRun(), planOf('urgent', [['short', []]]), {}, { priorityKey: 1 });
    await Promise.all([urgent.result(), long.result()]);
    expect(events).toEqual(['long begins', 'long stops, attempt 1', 'short begins', 'short ends', 'long begins', 'long ends']);
  });

  test('cancelled at random among twenty takes nothing from the others: each stage still once', async () => {
    lab = await openLab('decision-test', async (_id, { signal }) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
    });
    const handles = await Promise.all(Array.from({ length: 20 }, () => lab!.start(newRun(), CHAIN)));
    const leaving = handles.filter((_, index) => index % 3 === 0);
    await Promise.all(leaving.map((handle, index) => eventually(async () => lab!.executed.size > index % 3).then(() => handle.cancel())));
    const staying = handles.filter((handle) => !leaving.includes(handle));
    await Promise.all(staying.map((handle) => handle.result()));
    expect(Object.fromEntries(lab.executed)).toEqual({ first: 1, second: 1, third: 1 });
    await Promise.allSettled(leaving.map((handle) => handle.result()));
  });
});
