import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, describe, expect, test } from 'vitest';
import { sendOrder } from '../../cli/send-order.js';
import { StageError } from '../../contracts/failure.js';
import type { Plan } from '../../contracts/plan.js';
import type { Preemption } from '../../contracts/ports/preemption.js';
import { amendPlanUpdate, resolveStageUpdate, runQuery, stageWorkflowId } from '../../workflows/messages.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

/** People's decisions that come while a stage gives its place to more urgent work. The worker has one place. */
let lab: Lab | undefined;
let letGo = () => undefined as void;
let runs = 0;
const newRun = () => `preempted-${process.pid}-${runs++}`;
afterEach(async () => {
  letGo();
  await lab?.close();
  lab = undefined;
});

const SIGNED = { by: 'anna', reason: null } as const;

function preemptible(stages: Parameters<typeof planOf>[1]): Plan {
  const plan = planOf('low', stages);
  return { ...plan, runtime: { ...plan.runtime, preemptible: true } };
}

/** `long` gives way the first time, when it has written its checkpoint; `short` holds its place as long as the test wants. */
async function openNarrowLab() {
  const begun: string[] = [];
  const [asked, checkpointed, short] = [gate(), gate(), gate()];
  letGo = () => [checkpointed, short].forEach(({ open }) => open());
  let preemptNow = () => undefined as void;
  const preemption: Preemption = {
    watch() {
      const controller = new AbortController();
      preemptNow = () => controller.abort();
      return { signal: controller.signal, end: () => undefined };
    },
  };
  lab = await openLab(
    'preemption-test',
    async (id, { stage, signal }) => {
      const learningRate = Number(stage.params['learningRate'] ?? 1);
      const isAgain = begun.includes('long 1');
      begun.push(`${id} ${learningRate}`);
      if (id === 'broken' && learningRate === 1) throw new StageError({ type: 'TrainingDiverged', message: 'loss is NaN' });
      if (id === 'short') await short.opened;
      if (id !== 'long' || isAgain) return;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      asked.open();
      await checkpointed.opened;
      signal.throwIfAborted();
    },
    { slots: 1, preemption },
  );
  const { client, plans } = lab;
  return {
    ...{ begun, checkpointed, short },
    /** Starts the run, waits for `long`, and starts the run that it gives way to, whose stage is then in the queue. */
    async preempt(plan: Plan) {
      const low = await lab!.start(newRun(), plan, {}, { priorityKey: 4 });
      await eventually(() => begun.includes('long 1'));
      const urgent = await lab!.start(newRun(), planOf('urgent', [['short', []]]), {}, { priorityKey: 1 });
      await eventually(async () => {
        const { key } = (await lab!.status(urgent)).stages[0]!;
        const history = client.workflow.getHandle(stageWorkflowId(key!)).fetchHistory();
        const { events } = await history.catch(() => ({ events: [] }));
        return events!.some((event) => event.activityTaskScheduledEventAttributes != null);
      });
      preemptNow();
      await asked.opened;
      return { low, urgent };
    },
    async amend(handle: WorkflowHandle, plan: Plan) {
      const { run, plan: from } = await handle.query(runQuery);
      await sendOrder(client, run, amendPlanUpdate, { from, plan: await plans.file(plan), ...SIGNED });
    },
  };
}

const outcomes = async (handle: WorkflowHandle) =>
  Object.fromEntries((await lab!.status(handle)).stages.map(({ stage, outcome }) => [stage, outcome]));

describe('while a stage is preempted', () => {
  test('a blocked one beside it is retried with a change: both go on, and nothing is done twice', async () => {
    const { begun, checkpointed, short, preempt } = await openNarrowLab();
    const plan = preemptible([
      ['broken', []],
      ['data', []],
      ['long', ['data']],
    ]);
    const { low, urgent } = await preempt(plan);
    await eventually(async () => (await low.query(runQuery)).live.some(({ state }) => state === 'blocked'));
    const { run } = await low.query(runQuery);
    await sendOrder(lab!.client, run, resolveStageUpdate, {
      ...{ stages: ['broken'], action: 'retry', patch: [{ path: 'learningRate', value: 2 }], force: [] },
      ...SIGNED,
    });
    checkpointed.open();
    short.open();
    await Promise.all([low.result(), urgent.result()]);
    expect(await outcomes(low)).toEqual({ broken: 'ran', data: 'ran', long: 'ran' });
    expect(begun.slice(0, 2).sort()).toEqual(['broken 1', 'data 1']);
    expect(begun.slice(2, 4)).toEqual(['long 1', 'short 1']);
    expect(begun.slice(4).sort()).toEqual(['broken 2', 'long 1']);
  });

  test('and writes its checkpoint, it is changed: it ends, and runs as it is wanted now', async () => {
    const { begun, checkpointed, short, preempt, amend } = await openNarrowLab();
    const { low, urgent } = await preempt(preemptible([['long', []]]));
    await amend(low, preemptible([['long', [], { learningRate: 2 }]]));
    checkpointed.open();
    short.open();
    await Promise.all([low.result(), urgent.result()]);
    expect(begun).toEqual(['long 1', 'short 1', 'long 2']);
    expect(await outcomes(low)).toEqual({ long: 'ran' });
  });

  test('and waits for its place, it is changed: it never comes back as it was', async () => {
    const { begun, checkpointed, short, preempt, amend } = await openNarrowLab();
    const { low, urgent } = await preempt(preemptible([['long', []]]));
    checkpointed.open();
    await eventually(() => begun.includes('short 1'));
    const { key } = (await lab!.status(low)).stages[0]!;
    await amend(low, preemptible([['long', [], { learningRate: 2 }]]));
    await eventually(async () => (await lab!.client.workflow.getHandle(stageWorkflowId(key!)).describe()).status.name !== 'RUNNING');
    short.open();
    await Promise.all([low.result(), urgent.result()]);
    expect(begun).toEqual(['long 1', 'short 1', 'long 2']);
    expect(await outcomes(low)).toEqual({ long: 'ran' });
  });

  test('and waits for its place, something is added beside it: it goes on from its checkpoint', async () => {
    const { begun, checkpointed, short, preempt, amend } = await openNarrowLab();
    const { low, urgent } = await preempt(preemptible([['long', []]]));
    checkpointed.open();
    await eventually(() => begun.includes('short 1'));
    await amend(
      low,
      preemptible([
        ['long', []],
        ['more', []],
      ]),
    );
    short.open();
    await Promise.all([low.result(), urgent.result()]);
    expect(begun.slice(0, 2)).toEqual(['long 1', 'short 1']);
    expect(begun.slice(2).sort()).toEqual(['long 1', 'more 1']);
    expect(await outcomes(low)).toEqual({ long: 'ran', more: 'ran' });
  });
});
