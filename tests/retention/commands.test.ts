import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3ObjectStore } from '../../adapters/object-store/s3.js';
import { objectKeys } from '../../contracts/artifact.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { loadSettings } from '../../infra/settings.js';
import { runWorkflowId } from '../../workflows/messages.js';
import { documentOf, type Answer } from '../cli/judo.js';
import { startCliStack, type CliStack } from '../cli/stack.js';
import { freePort } from '../support/s3.js';

/** `judo tag`, `judo runs` and `judo artifacts gc` on a real stack with one run. */
let stack: CliStack;
let judo: (...words: string[]) => Promise<Answer>;
let objects: ObjectStore;

beforeAll(async () => {
  stack = await startCliStack();
  judo = stack.judo();
  const { endpoint, bucket, region, credentials } = loadSettings({ JUDO_HOME: stack.home }).s3;
  objects = createS3ObjectStore({ bucket, region, ...(endpoint ? { endpoint } : {}), ...(credentials ? { credentials } : {}) });
  const { code, stderr } = await judo('run', stack.recipe, '--name', 'first');
  if (code !== 0) throw new Error(`the run failed: ${stderr}`);
});
afterAll(() => stack?.stop());

const runsOf = (answer: Answer) => documentOf(answer)['runs'] as { run: string; state: string; from: string; recipe: string }[];

describe('judo tag', () => {
  test('names a run, lists the names, and takes one away', async () => {
    expect(documentOf(await judo('tag', '-o', 'json'))).toEqual({ schemaVersion: 1, tags: [] });
    expect(await judo('tag', 'first', 'good')).toEqual({ code: 0, stdout: '', stderr: 'first is "good"\n' });
    expect((await judo('tag')).stdout).toMatch(/^TAG +RUN +SINCE +BY\ngood +first /);
    expect(await judo('tag', '--delete', 'good')).toMatchObject({ code: 0, stderr: 'first is "good" no more\n' });
    expect((await judo('tag', '--delete', 'good')).code).toBe(4);
  });

  test.each([
    [['tag', 'nosuch', 'good'], 4, 'there is no run "nosuch"'],
    [['tag', 'fir', 'good'], 4, 'one begins so: first'],
    [['tag', 'first', 'no good'], 2, '"no good" cannot be a tag'],
    [['tag', 'first'], 2, 'what shall first be called?'],
  ])('judo %s is refused with a remedy', async (words, code, text) => {
    const answer = await judo(...words);
    expect(answer).toMatchObject({ code, stdout: '' });
    expect(answer.stderr).toContain(text);
    expect(answer.stderr).toContain('remedy: ');
  });
});

describe('judo artifacts gc', () => {
  test('finds nothing to free after a run, and says why each thing is kept', async () => {
    const { code, stdout, stderr } = await judo('artifacts', 'gc', '--dry-run', '--explain');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'everything in the store is needed\n' });
    expect(stdout).toMatch(/^v1\/records\/\S+ +\S+ \S+ +run first: every run is kept$/m);
    expect(stdout).toMatch(/^v1\/blobs\/\S+ +\S+ \S+ +in tree [0-9a-f]{12}, /m);
  });

  test('shows what nothing needs, and does not list what was written just now', async () => {
    const blob = objectKeys.blob(randomUUID().replaceAll('-', '').repeat(2));
    await objects.put(blob, 'nobody needs this');
    const dry = documentOf(await judo('artifacts', 'gc', '--dry-run', '-o', 'json'));
    expect(dry).toMatchObject({
      dryRun: true,
      unneeded: { blobs: { objects: 1, bytes: 17 }, trees: { objects: 0 } },
      deleted: { objects: 0 },
    });
    expect(documentOf(await judo('artifacts', 'gc', '--yes', '-o', 'json'))).toMatchObject({
      deleted: { objects: 0 },
      waiting: { objects: 0 },
    });
    expect(await objects.head(blob)).not.toBeNull();
  });

  test('what a list of yesterday names goes, asked for first', async () => {
    const blob = objectKeys.blob(randomUUID().replaceAll('-', '').repeat(2));
    await objects.put(blob, 'nobody needs this either');
    let modified = '';
    for await (const object of objects.list(blob)) modified = object.modified.toISOString();
    const yesterday = new Date(Date.now() - 25 * 3_600_000).toISOString();
    const list = { schemaVersion: 1, listedAt: yesterday, objects: [{ key: blob, bytes: 24, modified }] };
    await objects.put(objectKeys.candidates('yesterday'), JSON.stringify(list));
    const unasked = await judo('artifacts', 'gc');
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('delete 1 object, 24 B for good? there is no terminal to ask on\nremedy: pass --yes');
    expect((await judo('artifacts', 'gc', '--grace', '2d', '--yes')).stderr).not.toContain('deleted');
    expect((await judo('artifacts', 'gc', '--yes')).stderr).toContain('deleted 1 object, 24 B\n');
    expect(await objects.head(blob)).toBeNull();
    expect((await judo('artifacts', 'verify')).code).toBe(0);
  });

  test.each([
    [['--grace', '0h'], '--grace 0h is too short'],
    [['--keep-runs', 'soon'], '--keep-runs soon is no duration'],
  ])('%s is refused', async (words, text) => {
    const { code, stderr } = await judo('artifacts', 'gc', ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  });

  test('collects nothing without Temporal, which alone knows of runs that wait for a worker', async () => {
    const away = stack.judo({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    expect(await away('artifacts', 'gc', '--yes')).toMatchObject({ code: 3, stdout: '' });
  });
});

describe('judo runs', () => {
  test('lists a run from its record when Temporal cannot be reached, with a note', async () => {
    const away = stack.judo({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    const answer = await away('runs', '-o', 'json');
    expect(answer.stderr).toMatch(/^note: from the runs' records alone: no Temporal server answers at /);
    expect(runsOf(answer)).toMatchObject([{ run: 'first', state: 'completed', from: 'record' }]);
  });

  test('lists a run that Temporal has forgotten among those that it knows, once each, newest first', async () => {
    await judo('run', stack.recipe, '--name', 'second');
    const connection = await Connection.connect({ address: stack.addresses.temporal });
    const client = new Client({ connection });
    const { runId } = await client.workflow.getHandle(runWorkflowId('first')).describe();
    const workflowExecution = { workflowId: runWorkflowId('first'), runId };
    await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
    const listed = async () => runsOf(await judo('runs', '-o', 'json'));
    while ((await listed()).some(({ run, from }) => run === 'first' && from === 'temporal')) continue;
    await connection.close();
    expect(await listed()).toMatchObject([
      { run: 'second', state: 'completed', from: 'temporal' },
      { run: 'first', state: 'completed', from: 'record' },
    ]);
    expect(runsOf(await judo('runs', '--limit', '1', '-o', 'json')).map(({ run }) => run)).toEqual(['second']);
    expect(runsOf(await judo('runs', '--state', 'blocked', '-o', 'json'))).toEqual([]);
    expect((await judo('runs', '--state', 'sleeping')).code).toBe(2);
  });
});
