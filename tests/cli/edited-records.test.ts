import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectKeys } from '../../contracts/artifact.js';
import { eventually } from '../support/waiting.js';
import { documentOf, type Answer } from './judo.js';
import { startCliStack, type CliStack } from './stack.js';

/** A record in the bucket that somebody edited by hand, met by every command that reads it. */
let stack: CliStack;
let judo: (...words: string[]) => Promise<Answer>;
/** The object's key, its file, and what was filed. */
let key: string;
let file: string;
let filed: string;
let other: string;

const bucketFile = (object: string) => join(stack.home, 's3', 'data', 'judo', ...object.split('/'));
const objectsThere = () =>
  ['records', 'trees', 'blobs', 'runs']
    .flatMap((kind) => readdirSync(bucketFile(`v1/${kind}`), { recursive: true, encoding: 'utf8' }))
    .sort();

beforeAll(async () => {
  stack = await startCliStack();
  judo = stack.judo();
  const stages = documentOf(await judo('run', stack.recipe, '--name', 'first', '-o', 'json'))['stages'] as { stage: string; key: string }[];
  const keyOf = (stage: string) => objectKeys.record(stages.find((one) => one.stage === stage)!.key);
  key = keyOf('dom-inj-data');
  file = bucketFile(key);
  filed = readFileSync(file, 'utf8');
  other = readFileSync(bucketFile(keyOf('seg-jux-data')), 'utf8');
});
afterAll(() => stack?.stop());

describe('a record', () => {
  test.each<[string, () => string, RegExp]>([
    [
      'with a changed field',
      () => filed.replace('"run":"first"', '"run":"mine"'),
      /it was edited: its content gives [0-9a-f]{64}, and it was filed with [0-9a-f]{64}/,
    ],
    ['with an unknown field', () => filed.replace('{', '{"note":"mine",'), /unknown field note/],
    ["that is another key's", () => other, /it is the record of another key, [0-9a-f]{64} \(stage seg-jux-data\)/],
    ['that is cut off', () => filed.slice(0, -60), /it is no JSON \(.+\)/],
  ])('%s is told by every reader, with the object, what is wrong and the remedy; nothing is lost', async (_, edit, told) => {
    writeFileSync(file, edit());
    const before = objectsThere();
    try {
      const readers = await Promise.all([
        judo('plan', stack.recipe, '-o', 'json'),
        judo('why', 'first', 'dom-inj-data'),
        judo('artifacts', 'gc', '--yes'),
        judo('artifacts', 'ls'),
      ]);
      for (const { code, stdout, stderr } of readers) {
        expect(stderr).toContain(`record ${key} in s3://judo`);
        expect(stderr).toMatch(told);
        expect(stderr).toContain(
          '\nremedy: Put the object back as it was, if there is a copy; else `judo artifacts verify --discard` deletes it',
        );
        expect(stderr).not.toMatch(/\n {4}at /);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      }
      const verified = await judo('artifacts', 'verify');
      expect(verified.code).toBe(1);
      expect(verified.stdout).toMatch(new RegExp(`^${key} {2}${told.source}\n$`));
      expect(verified.stderr).toContain(
        '5 trees read, 0 damaged\n3 records read, 1 damaged\nnext: put them back as they were, or judo artifacts',
      );
      expect(objectsThere()).toEqual(before);
    } finally {
      writeFileSync(file, filed);
    }
  });

  test('that is as it was filed is told as that', async () => {
    const answer = await judo('artifacts', 'verify', '-o', 'json');
    expect(answer.code).toBe(0);
    const { records } = documentOf(answer) as { records: Record<string, unknown>[] };
    expect(records).toHaveLength(3);
    expect(records.find((record) => record['key'] === key)).toEqual({ key, ok: true, problems: [], discarded: false });
  });
});

test("a run's own record that is cut off is told by who reads it, with the object and the remedy", async () => {
  const own = objectKeys.run('first');
  const whole = readFileSync(bucketFile(own), 'utf8');
  writeFileSync(bucketFile(own), whole.slice(0, -60));
  try {
    const readers = await Promise.all([judo('show', 'first'), judo('restart', 'first'), judo('artifacts', 'gc', '--yes')]);
    for (const { code, stdout, stderr } of readers) {
      expect(stderr).toContain(`run record ${own} in s3://judo`);
      expect(stderr).toContain('\nremedy: ');
      expect(stderr).not.toMatch(/\n {4}at /);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    }
  } finally {
    writeFileSync(bucketFile(own), whole);
  }
});

test('a run that meets one is blocked by it, and goes on when it is discarded', async () => {
  // Workers that did not make it: those that did know it still.
  await judo('down');
  writeFileSync(file, filed.replace('"run":"first"', '"run":"mine"'));
  expect((await judo('up')).code).toBe(0);
  const met = await judo('run', stack.recipe, '--name', 'second');
  expect(met).toMatchObject({ code: 2, stdout: 'second\n' });
  expect(met.stderr).toContain(`record ${key} in s3://judo`);
  expect(await judo('artifacts', 'verify', '--discard')).toMatchObject({ code: 2, stderr: expect.stringContaining('pass --yes') });
  const discarded = await judo('artifacts', 'verify', '--discard', '--yes');
  expect(discarded).toMatchObject({ code: 1, stderr: expect.stringContaining('3 records read, 1 damaged, 1 deleted\nnext: ') });
  await eventually(async () => (await judo('retry', 'second')).code === 0);
  const ended = documentOf(await judo('watch', 'second', '-o', 'json'));
  expect(ended).toMatchObject({ state: 'completed' });
  const outcomes = (ended['stages'] as { stage: string; outcome: string }[]).map(({ stage, outcome }) => `${stage} ${outcome}`);
  expect(outcomes.slice(0, 2)).toEqual(['seg-jux-data reused', 'dom-inj-data ran']);
});
