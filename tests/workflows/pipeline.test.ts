import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, describe, expect, test } from 'vitest';
import { verifyRecords } from '../../activities/artifacts/listing.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { RunStatus } from '../../contracts/run.js';
import { resolveStageUpdate, runQuery, stageWorkflowId } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

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

const RETRY = { stages: null, action: 'retry', patch: [], force: [], by: 'anna', reason: null } as const;

async function ended(handle: WorkflowHandle): Promise<RunStatus> {
  await handle.result();
  return lab!.status(handle);
}

describe('a run', () => {
  test('runs each stage once, after what it needs', async () => {
    const order: string[] = [];
    lab = await openLab('pipeline-test', async (id) => void order.push(id));
    const status = await ended(await lab.start(newRun(), DIAMOND));
    expect(status.state).toBe('completed');
    expect(outcomes(status)).toEqual({ left: 'ran', right: 'ran', join: 'ran', end: 'ran' });
    expect(order.slice(0, 2).sort()).toEqual(['left', 'right']);
    expect(order.slice(2)).toEqual(['join', 'end']);
  });

  test('executes no stage whose record exists', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    await (await lab.start(newRun(), DIAMOND)).result();
    const again = await ended(await lab.start(newRun(), DIAMOND));
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
    const status = await ended(await lab.start(newRun(), changed));
    // `right` made other bytes, `join` the same bytes as before from other inputs: `end` stays done (early cutoff).
    expect(outcomes(status)).toEqual({ left: 'reused', right: 'ran', join: 'ran', end: 'reused' });
  });

  test('of twenty that need the same stages at once: each stage is executed once, and every run hears of it', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    const handles = await Promise.all(Array.from({ length: 20 }, () => lab!.start(newRun(), DIAMOND)));
    const statuses = await Promise.all(handles.map(ended));
    expect(statuses.map((status) => status.state)).toEqual(Array(20).fill('completed'));
    expect(Object.fromEntries(lab.executed)).toEqual({ left: 1, right: 1, join: 1, end: 1 });
  });
});

describe('a record that somebody edited', () => {
  test('blocks a run that needs it, with the reason; discarded, its stage runs again and the run goes on', async () => {
    lab = await openLab('pipeline-test', async () => undefined);
    const before = await ended(await lab.start(newRun(), DIAMOND));
    const { objects } = lab;
    await lab.close();
    const key = objectKeys.record(before.stages[0]!.key!);
    await objects.put(key, String(await objects.get(key)).replace('"attempts":1', '"attempts":2'));
    // Another process, that has not read it before.
    lab = await openLab('pipeline-test', async () => undefined, { objects });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    const told = `record ${key} in memory is not as it was filed: it was edited`;
    expect((await handle.query(runQuery)).lost).toContain(told);
    await eventually(() => lab!.notices.some(({ event, text }) => event === 'blocked' && text.includes(told)));
    await expect(lab.status(handle)).rejects.toThrow(told);
    expect(Object.fromEntries(lab.executed)).toEqual({});
    expect((await verifyRecords({ objects }, { discard: true })).filter(({ ok }) => !ok)).toMatchObject([{ key, discarded: true }]);
    await handle.executeUpdate(resolveStageUpdate, { args: [RETRY] });
    expect(outcomes(await ended(handle))).toEqual({ left: 'ran', right: 'reused', join: 'reused', end: 'reused' });
    expect(Object.fromEntries(lab.executed)).toEqual({ left: 1 });
  });
});

describe('a failure', () => {
  test('that is transient is tried again by itself', async () => {
    let tries = 0;
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right' && tries++ === 0)
        throw new StageError({ type: 'Transient', message: 'the network blinked' }, { retryAfterMs: 10 });
    });
    const status = await ended(await lab.start(newRun(), DIAMOND));
    expect(status.state).toBe('completed');
    expect(status.stages.find((stage) => stage.stage === 'right')!.attempts).toBe(2);
  });

  test('that needs a decision blocks the stage, lets the other branch go on, and goes on when retried', async () => {
    let broken = true;
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right' && broken) throw new StageError({ type: 'InvalidSpec', message: 'lr is -1', remedy: 'make it positive' });
    });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    const status = await lab!.status(handle);
    expect(outcomes(status)).toEqual({ left: 'ran', right: 'blocked', join: 'waiting', end: 'waiting' });
    expect(status.stages[1]!.failure).toEqual({ type: 'InvalidSpec', message: 'lr is -1', remedy: 'make it positive' });
    await expect(handle.executeUpdate(resolveStageUpdate, { args: [{ ...RETRY, stages: ['left'] }] })).rejects.toThrow();
    broken = false;
    await handle.executeUpdate(resolveStageUpdate, { args: [RETRY] });
    expect(outcomes(await ended(handle))).toEqual({ left: 'ran', right: 'ran', join: 'ran', end: 'ran' });
  });

  test('that is given up fails the run and skips what depends on it', async () => {
    lab = await openLab('pipeline-test', async (id) => {
      if (id === 'right') throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN at step 3' });
    });
    const handle = await lab.start(newRun(), DIAMOND);
    await eventually(async () => (await handle.query(runQuery)).state === 'blocked');
    await handle.executeUpdate(resolveStageUpdate, { args: [{ ...RETRY, action: 'abort' }] });
    await expect(handle.result()).rejects.toThrow();
    expect(outcomes(await lab!.status(handle))).toEqual({ left: 'ran', right: 'failed', join: 'skipped', end: 'skipped' });
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
    await eventually(async () => outcomes(await lab!.status(handle))['join'] === 'running' && lab!.executed.has('join'));
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(heard).toBe(true);
    expect((await handle.query(runQuery)).state).toBe('cancelled');
  });

  test('one of two runs leaves the stage they share running for the other', async () => {
    const hold = gate();
    lab = await openLab('pipeline-test', async (id) => (id === 'join' ? hold.opened : undefined));
    const first = await lab.start(newRun(), DIAMOND);
    await eventually(async () => lab!.executed.has('join'));
    const second = await lab.start(newRun(), DIAMOND);
    await eventually(async () => outcomes(await lab!.status(second))['join'] === 'running');
    // Running to the second run from when it asks; the stage counts it when its signal has come.
    const { key } = (await lab.status(second)).stages.find(({ stage }) => stage === 'join')!;
    const stage = lab.client.workflow.getHandle(stageWorkflowId(key!));
    await eventually(async () =>
      (await stage.fetchHistory()).events!.some((event) => event.workflowExecutionSignaledEventAttributes != null),
    );
    await first.cancel();
    await expect(first.result()).rejects.toThrow();
    hold.open();
    expect((await ended(second)).state).toBe('completed');
    expect(lab.executed.get('join')).toBe(1);
  });
});
