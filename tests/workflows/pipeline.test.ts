import { afterEach, describe, expect, test } from 'vitest';
import { StageError } from '../../contracts/failure.js';
import type { RunStatus } from '../../contracts/run.js';
import { resolveStageUpdate, runStatusQuery } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';

const DIAMOND = planOf('diamond', [
  ['left', []],
  ['right', []],
  ['join', ['left', 'right']],
  ['end', ['join']],
]);

let lab: Lab | undefined;
let runs = 0;
const newRun = () => `run-${process.pid}-${runs++}`;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});
const outcomes = (status: RunStatus) => Object.fromEntries(status.stages.map((stage) => [stage.stage, stage.outcome]));

/** A promise that a test opens, and a stage waits for. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

async function eventually(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a run', () => {
  test('runs each stage once, after what it needs', async () => {
    const order: string[] = [];
    lab = await openLab('pipeline-test', async (id) => void order.push(id));
    const status = (await (await lab.start(newRun(), DIAMOND)).result()) as RunStatus;
    expect(status.state).toBe('completed');
    expect(outcomes(status)).toEqual({ left: 'ran', right: 'ran', join: 'ran', end: 'ran' });
    expect(order.slice(0, 2).sort()).toEqual(['left', 'right']);
    expect(order.slice(2)).toEqual(['join', 'end']);
  });

  test('executes no stage whose record exists', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    await (await lab.start(newRun(), DIAMOND)).result();
    const again = (await (await lab.start(newRun(), DIAMOND)).result()) as RunStatus;
    expect(outcomes(again)).toEqual({ left: 'reused', right: 'reused', join: 'reused', end: 'reused' });
    expect([...lab.executed.values()]).toEqual([1, 1, 1, 1]);
  });

  test('runs again exactly what a changed parameter affects', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    await (await lab.start(newRun(), DIAMOND)).result();
    const changed = planOf('diamond', [
      ['left', []],
      ['right', [], { learningRate: 2 }],
      ['join', ['left', 'right']],
      ['end', ['join']],
    ]);
    const status = (await (await lab.start(newRun(), changed)).result()) as RunStatus;
    // `right` made other bytes, `join` the same bytes as before from other inputs: `end` stays done (early cutoff).
    expect(outcomes(status)).toEqual({ left: 'reused', right: 'ran', join: 'ran', end: 'reused' });
  });

  test('of twenty that need the same stages at once: each stage is executed once, and every run hears of it', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    const handles = await Promise.all(Array.from({ length: 20 }, () => lab!.start(newRun(), DIAMOND)));
    const statuses = (await Promise.all(handles.map((one) => one.result()))) as RunStatus[];
    expect(statuses.map((status) => status.state)).toEqual(Array(20).fill('completed'));
    expect(Object.fromEntries(lab.executed)).toEqual({ left: 1, right: 1, join: 1, end: 1 });
  });
});

describe('a failure', () => {
  test('that is transient is tried again by itself', async () => {
    let tries = 0;
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right' && tries++ === 0)
        throw new StageError({ type: 'Transient', message: 'the network blinked' }, { retryAfterMs: 10 });
    });
    const status = (await (await lab.start(newRun(), DIAMOND)).result()) as RunStatus;
    expect(status.state).toBe('completed');
    expect(status.stages.find((stage) => stage.stage === 'right')!.attempts).toBe(2);
  });

  test('that needs a decision blocks the stage, lets the other branch go on, and goes on when retried', async () => {
    let broken = true;
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right' && broken) throw new StageError({ type: 'InvalidSpec', message: 'lr is -1', remedy: 'make it positive' });
    });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => (await handle.query(runStatusQuery)).state === 'blocked');
    const status = await handle.query(runStatusQuery);
    expect(outcomes(status)).toEqual({ left: 'ran', right: 'blocked', join: 'waiting', end: 'waiting' });
    expect(status.stages[1]!.failure).toEqual({ type: 'InvalidSpec', message: 'lr is -1', remedy: 'make it positive' });
    await expect(handle.executeUpdate(resolveStageUpdate, { args: [{ stage: 'left', action: 'retry' }] })).rejects.toThrow();
    broken = false;
    await handle.executeUpdate(resolveStageUpdate, { args: [{ stage: 'right', action: 'retry' }] });
    expect(outcomes((await handle.result()) as RunStatus)).toEqual({ left: 'ran', right: 'ran', join: 'ran', end: 'ran' });
  });

  test('that is given up fails the run and skips what depends on it', async () => {
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right') throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN at step 3' });
    });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => (await handle.query(runStatusQuery)).state === 'blocked');
    await handle.executeUpdate(resolveStageUpdate, { args: [{ stage: 'right', action: 'abort' }] });
    await expect(handle.result()).rejects.toThrow();
    expect(outcomes(await handle.query(runStatusQuery))).toEqual({ left: 'ran', right: 'failed', join: 'skipped', end: 'skipped' });
  });
});

describe('cancelling', () => {
  test('reaches the stage, which ends before the run does', async () => {
    let heard = false;
    lab = await openLab('pipeline-test', async (id, { signal }) => {
      if (id !== 'join') return;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      heard = true;
    });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => outcomes(await handle.query(runStatusQuery))['join'] === 'running' && lab!.executed.has('join'));
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(heard).toBe(true);
    expect((await handle.query(runStatusQuery)).state).toBe('cancelled');
  });

  test('one of two runs leaves the stage they share running for the other', async () => {
    const hold = gate();
    lab = await openLab('pipeline-test', async (id) => (id === 'join' ? hold.opened : undefined));
    const first = await lab.start(newRun(), DIAMOND);
    await eventually(async () => lab!.executed.has('join'));
    const second = await lab.start(newRun(), DIAMOND);
    await eventually(async () => outcomes(await second.query(runStatusQuery))['join'] === 'running');
    await first.cancel();
    await expect(first.result()).rejects.toThrow();
    hold.open();
    expect(((await second.result()) as RunStatus).state).toBe('completed');
    expect(lab.executed.get('join')).toBe(1);
  });
});
