import { readFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { objectKeys } from '../../contracts/artifact.js';
import { queues } from '../../temporal.config.js';
import { openHost } from '../../workers/run-workers.js';
import { serveWorkflowBuilds, workflowBuildId } from '../../workers/workflow-builds.js';
import { openLab, planOf, type Lab } from '../support/stage-lab.js';
import { eventually, gate } from '../support/waiting.js';

const NAMESPACE = 'builds-test';
const bundled = readFileSync(inject('workflowBundle'), 'utf8');
/** Names its stages' workflows otherwise: a run of one build cannot be replayed on the other. */
const anotherBuild = (name: string) => bundled.replaceAll('stage/', `${name}/`);

let lab: Lab | undefined;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await lab?.close();
  lab = undefined;
});

/** A process that serves the workflow queue with this build, and the builds of open runs. */
async function deploy(code: string): Promise<{ end(): Promise<void> }> {
  const stop = new AbortController();
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const { host, end } = openHost(connection, NAMESPACE, stop.signal);
  const worker = { taskQueue: queues.pipeline, activities: { ...lab!.pipelineActivities } };
  await serveWorkflowBuilds(host, { code, objects: lab!.objects, worker, everyMs: 50 });
  const once = async () => {
    if (stop.signal.aborted) return;
    stop.abort();
    await end();
    await connection.close();
  };
  ends.push(once);
  return { end: once };
}

async function buildOf(handle: WorkflowHandle): Promise<string | null | undefined> {
  const { raw } = await handle.describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
}

async function openHeldLab() {
  const hold = gate();
  lab = await openLab(NAMESPACE, async (id) => void (id === 'held' && (await hold.opened)), { withoutWorkflows: true });
  return hold;
}

const chain = (name: string) =>
  planOf(name, [
    ['held', [], { name }],
    ['next', ['held']],
  ]);

test('a run ends on the build that it began with, after that build’s worker is gone; new runs begin on the new one', async () => {
  const hold = await openHeldLab();
  const [before, after] = [anotherBuild('before'), anotherBuild('after')];
  const old = await deploy(before);
  const begun = await lab!.start('begun', chain('begun'));
  await eventually(() => lab!.executed.get('held') === 1);
  await old.end();
  await deploy(after);
  const fresh = await lab!.start('fresh', chain('fresh'));
  await eventually(() => lab!.executed.get('held') === 2);
  hold.open();
  await Promise.all([begun.result(), fresh.result()]);
  expect([await buildOf(begun), await buildOf(fresh)]).toEqual([workflowBuildId(before), workflowBuildId(after)]);
  expect(lab!.executed.get('next')).toBe(2);
});

test('a build whose code is lost is named, with what to do; other runs go on', async () => {
  const hold = await openHeldLab();
  hold.open();
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const lost = anotherBuild('lost');
  const old = await deploy(lost);
  await old.end();
  await lab!.objects.delete(objectKeys.workflowBuild(workflowBuildId(lost)));
  await lab!.start('waits', chain('waits'));
  await deploy(anotherBuild('later'));
  await (await lab!.start('goes-on', chain('goes-on'))).result();
  const about = () => said.mock.calls.filter(([text]) => String(text).includes(workflowBuildId(lost)));
  await eventually(() => about().length === 1);
  expect(about()[0]?.[0]).toMatch(/judo restart/);
  said.mockRestore();
});
