import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test } from 'vitest';
import { StageError } from '../../contracts/failure.js';
import { amendPlanUpdate, pauseRunUpdate, resolveStageUpdate, runQuery, stageWorkflowId } from '../../workflows/messages.js';
import { createNightly } from '../../cli/nightly/create-nightly.js';
import { deleteNightly } from '../../cli/nightly/order-nightly.js';
import { nightHistory } from '../../cli/nightly/show-nightlies.js';
import { openNightLab } from '../nightly/night-lab.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';

const FOLDER = join(import.meta.dirname, 'histories');
const CHAIN = planOf('chain', [
  ['first', []],
  ['second', ['first']],
]);

/** `JUDO_RECORD_HISTORIES=1 npx vitest run tests/replay` records them anew: only for a new shape, never to make a failure pass. */
const recording = process.env['JUDO_RECORD_HISTORIES'] === '1';

async function replay(name: string, change: (text: string) => string = (text) => text): Promise<Error | undefined> {
  const history: unknown = JSON.parse(change(readFileSync(join(FOLDER, name), 'utf8')));
  for await (const result of Worker.runReplayHistories({ workflowBundle: { codePath: inject('workflowBundle') } }, [
    { workflowId: name, history },
  ]))
    return result.error;
  return new Error('nothing was replayed');
}

describe.skipIf(recording)('a recorded history', () => {
  for (const name of readdirSync(FOLDER)) {
    test(`${name} replays on the present code`, async () => {
      expect(await replay(name)).toBeUndefined();
    });
    test(`${name} is refused when what it did is changed`, async () => {
      const error = await replay(name, mutate);
      expect(error?.name).toBe('DeterminismViolationError');
    });
  }
});

/** Renames the activity or the child that the workflow started: present code does not start that. */
function mutate(text: string): string {
  const activity = ['"planNight"', '"labStage"'].find((name) => text.includes(name));
  const mutated =
    activity !== undefined && text.includes('activityTaskScheduledEventAttributes')
      ? text.replaceAll(activity, '"otherActivity"')
      : text.replaceAll('stage/', 'other/').replaceAll('"name": "stage"', '"name": "otherStage"');
  expect(mutated).not.toBe(text);
  return mutated;
}

/** Files the history of a workflow's last execution, or of the one named. */
async function save(lab: Pick<Lab, 'client'>, handle: Pick<WorkflowHandle, 'workflowId'>, name: string, execution?: string): Promise<void> {
  const history = await lab.client.workflow.getHandle(handle.workflowId, execution).fetchHistory();
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 1)}\n`);
}

describe.runIf(recording)('recording', () => {
  test('two nights', async () => {
    const lab = await openNightLab({ address: inject('temporalAddress'), namespace: 'replay-test' });
    const schedule = { every: '3s', jitter: '0s', catchup: '10s', overlap: 'skip', set: [], points: 1, percent: 50 } as const;
    try {
      await createNightly(lab.session, lab.recipe, schedule);
      const nights = async () => (await nightHistory(lab.session, 'small', 10)).filter(({ state }) => state === 'completed');
      while ((await nights()).length < 2) await new Promise((resolve) => setTimeout(resolve, 100));
      for await (const { workflowId } of lab.client.workflow.list({
        query: "WorkflowType = 'nightly' AND ExecutionStatus = 'Completed'",
        pageSize: 1,
      })) {
        await save(lab, lab.client.workflow.getHandle(workflowId), 'nightly');
        break;
      }
      await deleteNightly(lab.session, 'small');
    } finally {
      await lab.close();
    }
  });

  test('a run that joined, one that was paused and amended, one that continued as new, a sweep', async () => {
    let open!: () => void;
    let opened = new Promise<void>((resolve) => (open = resolve));
    const lab = await openLab('replay-test', async (id) => (id === 'first' ? opened : undefined));
    const until = async (handle: WorkflowHandle, holds: (outcome: string) => boolean) => {
      while (!holds((await lab.status(handle)).stages[0]?.outcome ?? '')) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const signed = { by: 'anna', reason: 'maintenance' };
    try {
      const winner = await lab.start('winner', CHAIN);
      await until(winner, (outcome) => outcome === 'running');
      const loser = await lab.start('loser', CHAIN);
      await until(loser, (outcome) => outcome === 'running');
      open();
      await Promise.all([winner.result(), loser.result()]);
      await save(lab, loser, 'run-joined');
      await save(lab, lab.client.workflow.getHandle(stageWorkflowId((await lab.status(loser)).stages[0]!.key!)), 'stage-joined');
      opened = new Promise<void>((resolve) => (open = resolve));
      const longer = planOf('chain', [
        ['first', [], { n: 9 }],
        ['second', ['first']],
        ['third', ['second']],
      ]);
      const paused = await lab.start('paused', { ...longer, stages: longer.stages.slice(0, 2) });
      await until(paused, (outcome) => outcome === 'running');
      await paused.executeUpdate(pauseRunUpdate, { args: [{ paused: true, ...signed }] });
      const { plan } = await paused.query(runQuery);
      await paused.executeUpdate(amendPlanUpdate, { args: [{ from: plan, plan: await lab.plans.file(longer), ...signed }] });
      open();
      await until(paused, (outcome) => outcome === 'ran');
      await paused.executeUpdate(pauseRunUpdate, { args: [{ paused: false, ...signed }] });
      await paused.result();
      await save(lab, paused, 'run-paused-and-amended');
      const wide = planOf(
        'wide',
        Array.from({ length: 14 }, (_, n) => [`stage-${n}`, []] as const),
      );
      const continued = await lab.start('continued', wide, { continueAfterEvents: 60, limits: { parallel: 3 } });
      const first = (await lab.client.workflow.getHandle(continued.workflowId).describe()).runId;
      await continued.result();
      await save(lab, continued, 'run-continued-as-new', first);
      await save(lab, continued, 'run-after-continue-as-new');
      const variants = await Promise.all(
        [1, 2].map(async (n) => ({
          ...{ name: `v${n}`, set: { n }, seed: null },
          plan: await lab.plans.file(
            planOf('chain', [
              ['first', [], { sweep: true }],
              ['second', ['first'], { n }],
            ]),
          ),
        })),
      );
      const sweep = await lab.start('sweep', { schemaVersion: 1, name: 'sweep', command: 'judo sweep run sweep.yaml', variants });
      await sweep.result();
      await save(lab, sweep, 'sweep');
    } finally {
      await lab.close();
    }
  });

  test('a finished, a cached, a retried, a blocked and a cancelled run', async () => {
    let mood: 'well' | 'blink' | 'broken' | 'slow' = 'well';
    let blinked = false;
    const lab = await openLab('replay-test', async (id, { signal }) => {
      if (id !== 'second') return;
      if (mood === 'blink' && !blinked) {
        blinked = true;
        throw new StageError({ type: 'Transient', message: 'the network blinked' }, { retryAfterMs: 10 });
      }
      if (mood === 'broken') throw new StageError({ type: 'InvalidSpec', message: 'broken' });
      if (mood === 'slow') await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    });
    const variant = (n: number) => ({ ...CHAIN, stages: CHAIN.stages.map((stage) => ({ ...stage, params: { ...stage.params, n } })) });
    const stageOf = async (handle: WorkflowHandle, id: string) =>
      lab.client.workflow.getHandle(stageWorkflowId((await lab.status(handle)).stages.find((one) => one.stage === id)!.key!));
    const until = async (handle: WorkflowHandle, holds: (state: string, second: string) => boolean) => {
      for (;;) {
        const status = await lab.status(handle);
        if (holds(status.state, status.stages[1]?.outcome ?? '')) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    try {
      const finished = await lab.start('finished', variant(1));
      await finished.result();
      await save(lab, finished, 'run-finished');
      await save(lab, await stageOf(finished, 'second'), 'stage-finished');
      mood = 'blink';
      const retried = await lab.start('retried', variant(2));
      await retried.result();
      await save(lab, retried, 'run-retried');
      await save(lab, await stageOf(retried, 'second'), 'stage-retried');
      mood = 'broken';
      const blocked = await lab.start('blocked', variant(3));
      await until(blocked, (state) => state === 'blocked');
      await save(lab, await stageOf(blocked, 'second'), 'stage-failed');
      mood = 'well';
      await blocked.executeUpdate(resolveStageUpdate, {
        args: [{ stages: null, action: 'retry', patch: [{ path: 'learningRate', value: 2 }], force: [], by: 'anna', reason: 'too low' }],
      });
      await blocked.result();
      await save(lab, blocked, 'run-blocked-and-patched');
      mood = 'slow';
      const cancelled = await lab.start('cancelled', variant(4));
      await until(cancelled, (_state, second) => second === 'running');
      const stage = await stageOf(cancelled, 'second');
      await cancelled.cancel();
      await expect(cancelled.result()).rejects.toThrow();
      await save(lab, cancelled, 'run-cancelled');
      await save(lab, stage, 'stage-cancelled');
    } finally {
      await lab.close();
    }
  });
});
