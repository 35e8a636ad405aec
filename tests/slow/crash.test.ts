import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCountingTeacher, type CountingTeacher } from './counting-teacher.js';
import { completed, createStackHome, keyOf, madeBy, pictures, until, type RunDocument, type StackHome } from './stack-home.js';

/**
 * One run undisturbed, and the same run in a second home while each part of the stack is killed in turn, at moments chosen by
 * what the run has reached. Both must make the same.
 */
const folder = mkdtempSync(join(tmpdir(), 'judo-crash-'));
let teacher: CountingTeacher;
let quiet: StackHome;
let killed: StackHome;
let expected: RunDocument;
let got: RunDocument;
/** At the worker's death: calls that the teacher had seen, and answers that were filed. */
let atDeath = { calls: 0, filed: 0 };
const steps = { gpuHost: 0, trainer: 0 };

const TEACHER_LEDGER = 'v1/teacher';

/** kill -9 of a part of the stack; returns once the supervisor has it healthy again. */
async function killPart(name: string, afterDeath: () => void = () => {}): Promise<void> {
  const { pid, restarts } = killed.part(name);
  process.kill(pid ?? 0, 'SIGKILL');
  await until(`the supervisor to see that ${name} died`, killed, () => killed.part(name).pid !== pid);
  afterDeath();
  await until(`${name} to be healthy again`, killed, () => killed.part(name).state === 'healthy');
  expect(killed.part(name).restarts).toBeGreaterThan(restarts);
}

const newest = (key: string): number => Math.max(0, ...killed.checkpoints(key));

async function killEachInTurn(): Promise<void> {
  const [segJux, domInj, grpo, evaluation] = ['seg-jux', 'dom-inj', 'grpo', 'mmad-eval'].map((stage) => keyOf(expected, stage)) as [
    string,
    string,
    string,
    string,
  ];
  await until('half of the first answers', killed, () => killed.objects(TEACHER_LEDGER).length >= 20);
  await killPart('workers', () => (atDeath = { calls: teacher.calls(), filed: killed.objects(TEACHER_LEDGER).length }));

  await until('a checkpoint of seg-jux', killed, () => newest(segJux) > 0);
  steps.gpuHost = newest(segJux);
  await killPart('gpu-host');

  await until('a checkpoint of dom-inj, whose upload begins', killed, () => newest(domInj) > 0);
  await killPart('s3');

  await until('the trainer of grpo, past a checkpoint', killed, () => newest(grpo) > 0 && killed.trainer(grpo) !== null);
  steps.trainer = newest(grpo);
  const trainer = killed.trainer(grpo);
  process.kill(trainer ?? 0, 'SIGKILL');

  await until('another trainer of grpo', killed, () => ![null, trainer].includes(killed.trainer(grpo)));
  await killPart('temporal');

  await until('the evaluation', killed, () => killed.trainer(evaluation) !== null);
  process.kill(killed.stack().pid, 'SIGKILL');
  await until('the stack to follow its supervisor', killed, () => killed.processes().length === 0);
  expect((await killed.up()).outcome).toBe('started');
}

beforeAll(async () => {
  const { recipe, data } = await pictures(folder);
  quiet = createStackHome('quiet');
  teacher = await startCountingTeacher();
  killed = createStackHome('killed', { JUDO_TEACHER_URL: teacher.url });
  await quiet.up();
  expected = completed(await quiet.run(recipe, '--data', data, '--name', 'quiet'));
  await quiet.down();
  await killed.up();
  const [ended] = await Promise.all([killed.run(recipe, '--data', data, '--name', 'killed'), killEachInTurn()]);
  got = completed(ended);
});

afterAll(async () => {
  await Promise.all([quiet, killed].map((home) => home?.remove()));
  await teacher?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a run whose worker, GPU host, S3 server, trainer, Temporal server and supervisor are killed with -9, one after the other', () => {
  test('completes by itself, with the same keys and the same outputs as undisturbed', () => {
    expect(got.state).toBe('completed');
    expect(expected.stages.map(({ outcome }) => outcome)).toEqual(expected.stages.map(() => 'ran'));
    expect(madeBy(got)).toEqual(madeBy(expected));
  });

  test('asks the teacher for no answer that was filed', () => {
    const filed = killed.objects(TEACHER_LEDGER).length;
    expect(filed).toBe(quiet.objects(TEACHER_LEDGER).length);
    expect(atDeath.filed).toBeLessThan(filed);
    expect(teacher.calls() - atDeath.calls).toBeLessThanOrEqual(filed - atDeath.filed);
  });

  test.each([
    ['seg-jux', 'gpuHost'],
    ['grpo', 'trainer'],
  ] as const)('goes on with %s from a checkpoint, not from the start', (stage, death) => {
    const { attempts, summary } = killed.record(keyOf(got, stage));
    expect(attempts).toBeGreaterThan(1);
    expect(summary['resumedAtStep']).toBeGreaterThanOrEqual(steps[death]);
  });

  test('leaves nothing half made on the disk', () => {
    expect(killed.attempts()).toEqual([]);
  });

  test('shows the killed run as any other afterwards', async () => {
    const shown = await killed.judo('show', 'killed', '-o', 'json');
    expect(madeBy(JSON.parse(shown.stdout) as RunDocument)).toEqual(madeBy(expected));
  });
});
