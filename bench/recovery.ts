import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { createPlanStore } from '../activities/stage/plan-store.js';
import { queues } from '../temporal.config.js';
import type { pipeline } from '../workflows/pipeline.js';
import { runWorkflowId } from '../workflows/messages.js';
import type { bareRecovery } from './bare-workflows.js';
import { noOpPlan } from './no-op-plan.js';
import { recoveryProcesses } from './recovery-process.js';
import { HEARTBEAT_TIMEOUT_MS, STAGES } from './recovery-terms.js';
import type { BenchResult, Pair } from './result.js';
import { environmentOf, openBucket, type BenchServers } from './servers.js';

const ROUNDS = 3;
const MOST_MS = HEARTBEAT_TIMEOUT_MS + 2_000;
const BUCKET = 'recovery';

/** kill -9 of the worker in the middle of a stage, until the stage's second attempt begins on another: the slowest of some. */
export async function benchRecovery(servers: BenchServers): Promise<BenchResult> {
  const plans = createPlanStore(await openBucket(servers, BUCKET));
  const connection = await Connection.connect({ address: servers.temporalAddress });
  const { workflow } = new Client({ connection });
  const processes = recoveryProcesses(await bundles(servers), environmentOf(servers, BUCKET));
  const slowest = { ours: 0, baseline: 0 };
  let againDone = 0;
  try {
    let victim = await processes.start();
    for (let round = 0; round < ROUNDS; round++) {
      const run = `recovery-${round}`;
      const plan = await plans.file(noOpPlan(run, STAGES));
      const ours = await workflow.start<typeof pipeline>('pipeline', {
        workflowId: runWorkflowId(run),
        workflowExecutionTimeout: '2m',
        taskQueue: queues.pipeline,
        args: [{ run, plan, planName: 'bench' }],
      });
      const bare = await workflow.start<typeof bareRecovery>('bareRecovery', {
        workflowId: run,
        workflowExecutionTimeout: '2m',
        taskQueue: 'bench-bare',
        args: [STAGES],
      });
      const long = (side: 'ours' | 'bare', attempt: number) => processes.attempt({ side, run, stage: 'long', attempt });
      await Promise.all([long('ours', 1), long('bare', 1)]);
      const next = await processes.start();
      const killedAt = await victim.kill();
      victim = next;
      const again: Pair = { ours: (await long('ours', 2)).at - killedAt, baseline: (await long('bare', 2)).at - killedAt };
      slowest.ours = Math.max(slowest.ours, again.ours);
      slowest.baseline = Math.max(slowest.baseline, again.baseline);
      await Promise.all([ours.result(), bare.result()]);
      againDone += processes.attempts({ side: 'ours', run, stage: 'short' }).length - 1;
    }
  } finally {
    await processes.stop();
    await connection.close();
  }
  const { ours, baseline } = slowest;
  return {
    name: `kill -9 in mid-stage to its next attempt, slowest of ${ROUNDS}, ${againDone} finished stages re-run / bare activity`,
    ...{ unit: 'ms', ours, baseline, ratio: ours / baseline },
    aim: `<= ${HEARTBEAT_TIMEOUT_MS} ms heartbeat + 2 s, none re-run`,
    met: ours <= MOST_MS && againDone === 0,
  };
}

/** Our workflows with the benchmark's heartbeat, and the bare ones: built once, read by each worker process. */
async function bundles(servers: BenchServers): Promise<string[]> {
  const built = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const folder = join(servers.directory, 'recovery');
  await mkdir(folder);
  const bundle = async (name: string, workflowsPath: string, workflowInterceptorModules: string[]) => {
    const { code } = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger: new DefaultLogger('ERROR') });
    const file = join(folder, name);
    await writeFile(file, code);
    return file;
  };
  return [
    await bundle('ours.js', built('../workflows/index.js'), [built('./short-heartbeat.js')]),
    await bundle('bare.js', built('./bare-workflows.js'), []),
  ];
}
