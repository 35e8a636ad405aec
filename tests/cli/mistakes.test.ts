import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/s3.js';
import { judoIn } from './judo.js';

/** Recipes that are wrong, and servers that are away: no server runs in this file. */
const home = mkdtempSync(join(tmpdir(), 'judo-mistakes-'));
const judo = judoIn(home);
const recipe = (name: string, text: string): string => {
  const file = join(home, name);
  writeFileSync(file, text);
  return file;
};
const HEAD = `schema: 1\nmodel: tiny\ndata: { root: ./data }\n`;

beforeAll(() => mkdirSync(join(home, 'data')));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a recipe', () => {
  test.concurrent.each([
    ['that is empty', '', ['wrong.yaml:1:1: the file is empty', 'schema, model, data and stages']],
    ['that is no mapping', '- 1\n', ['wrong.yaml:1:1: expected a mapping']],
    ['that is no YAML', 'schema: 1\nmodel: {tiny\n', ['wrong.yaml:3:1: ']],
    [
      'with an unknown key',
      `${HEAD}sed: 3\nstages: { seg-jux-data: {} }\n`,
      ['wrong.yaml:4:1: sed: unknown key "sed"; did you mean "seed"?'],
    ],
    [
      'with an unknown parameter',
      `${HEAD}stages:\n  seg-jux-data: {}\n  seg-jux:\n    epoch: 3\n`,
      ['wrong.yaml:7:5: stages.seg-jux.epoch: unknown parameter "epoch" of seg-jux; did you mean "epochs"?'],
    ],
    ['with a value of the wrong type', `${HEAD}seed: many\nstages: { seg-jux-data: {} }\n`, ['wrong.yaml:4:1: seed: ', 'number']],
    [
      'with a parameter of the wrong type',
      `${HEAD}stages:\n  seg-jux-data: {}\n  seg-jux: { epochs: few }\n`,
      ['wrong.yaml:6:14: stages.seg-jux.epochs: ', 'number'],
    ],
    ['with an unknown stage', `${HEAD}stages: { seg-jux-dat: {} }\n`, ['unknown stage kind "seg-jux-dat"; did you mean "seg-jux-data"?']],
    [
      'with two mistakes',
      `${HEAD}sed: 3\nstags: {}\n`,
      ['unknown key "sed"; did you mean "seed"?', 'unknown key "stags"; did you mean "stages"?'],
    ],
    [
      'whose stages wait for each other',
      `${HEAD}stages:\n  seg-jux-data: {}\n  a: { kind: seg-jux, inputs: { policy: b.policy } }\n  b: { kind: seg-jux, inputs: { policy: a.policy } }\n`,
      ['wrong.yaml:4:1: stages: these stages wait for each other in a circle: a, b'],
    ],
    [
      'that needs a stage it lacks',
      `${HEAD}stages: { seg-jux: {} }\n`,
      ['needs "seg-jux-data.rows", and the recipe has no stage "seg-jux-data"'],
    ],
  ])('%s is refused before any server is asked: %#', async (_how, text, told) => {
    const folder = mkdtempSync(join(home, 'recipe-'));
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'wrong.yaml'), text);
    const { code, stdout, stderr } = await judo('run', join(folder, 'wrong.yaml'), '-o', 'json');
    expect(stderr).not.toMatch(/\n {4}at /);
    for (const words of told) expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test.concurrent('that is absent, or a folder, is named', async () => {
    const [absent, folder] = await Promise.all([judo('run', join(home, 'nope.yaml')), judo('plan', home)]);
    expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('nope.yaml: no such file\nremedy: ') });
    expect(folder).toMatchObject({ code: 2, stderr: expect.stringContaining('this is a folder') });
  });

  test.concurrent.each([
    ['seed', 'expected key=value'],
    ['seed=many', '--set seed=many: seed: '],
    ['seg-jux-dta.seed=1', 'did you mean "seg-jux-data"?'],
    ['seg-jux-data.imagesPerDefct=1', 'did you mean "imagesPerDefect"?'],
  ])('changed by --set %s is refused, and the word is named', async (word, told) => {
    const file = recipe(`set-${word}.yaml`, `${HEAD}stages: { seg-jux-data: {} }\n`);
    const { code, stdout, stderr } = await judo('plan', file, '-o', 'json', '--set', word);
    expect(stderr).toContain(told);
    expect(stderr).toContain(`--set ${word}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test.concurrent.each([
    [['--until', 'seg-jux-dat'], 'did you mean "seg-jux-data"?'],
    [['--force', 'seg'], 'no stage "seg" in this recipe'],
    [['--data', '/nowhere'], 'data root /nowhere is not a folder'],
    [['--name', '../up and away'], 'cannot name a run'],
  ])('run with %j is refused', async (words, told) => {
    const file = recipe('right.yaml', `${HEAD}stages: { seg-jux-data: {} }\n`);
    const { code, stdout, stderr } = await judo('run', file, ...words);
    expect(stderr).toContain(told);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('a server that is away', () => {
  const s3 = async () => ({
    JUDO_S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'someone',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });

  test.concurrent('Temporal on a closed port: address, remedy, 3, nothing on stdout', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await judoIn(home, { TEMPORAL_ADDRESS: address })('runs', '-o', 'json');
    expect(stderr).toContain(`no Temporal server answers at ${address}`);
    expect(stderr).toContain('remedy: `judo up`');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test.concurrent('S3 on a closed port: endpoint and bucket, remedy, 3, nothing on stdout', async () => {
    const environment = await s3();
    const { code, stdout, stderr } = await judoIn(home, environment)('artifacts', 'ls', '-o', 'json');
    expect(stderr).toContain(`s3://judo at ${environment.JUDO_S3_ENDPOINT} cannot be reached`);
    expect(stderr).toContain('remedy: Start the S3 server');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test.concurrent('nothing configured and never started: `judo up` is the remedy of every command that asks a server', async () => {
    const fresh = judoIn(mkdtempSync(join(home, 'fresh-')));
    const answers = await Promise.all(
      [
        ['show', 'x'],
        ['artifacts', 'ls'],
        ['report', 'x'],
        ['logs', 'x'],
      ].map((words) => fresh(...words)),
    );
    for (const { code, stdout, stderr } of answers) {
      expect(stderr).toContain('remedy: `judo up`');
      expect(stderr).not.toMatch(/\n {4}at /);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    }
  });
});
