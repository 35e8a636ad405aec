import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunStatus } from '../../contracts/run.js';
import { priorities } from '../../temporal.config.js';
import { runWorkflowId } from '../../workflows/messages.js';
import { documentOf, type Answer } from './judo.js';
import { startCliStack, type CliStack } from './stack.js';

/** `judo sweep` on a real stack, in the order in which a user meets it: mistakes, a sweep, one that waits, its restart. */
let stack: CliStack;
let judo: (...words: string[]) => Promise<Answer>;

interface Stage {
  readonly label: string;
  readonly key: string;
  readonly outcome: string;
}
const outcomesOf = (answer: Answer) =>
  Object.fromEntries((documentOf(answer)['stages'] as Stage[]).map(({ label, outcome }) => [label, outcome]));
const variantsOf = (answer: Answer) => (documentOf(answer)['variants'] as { name: string }[]).map(({ name }) => name);

/** A sweep file beside the stack's recipe. */
function sweepFile(name: string, text: string): string {
  const file = join(stack.home, name);
  writeFileSync(file, `schema: 1\nrecipe: cheap.yaml\n${text}`);
  return file;
}

const recordFile = (run: string) => join(stack.home, 's3', 'data', 'judo', 'v1', 'runs', run, 'run.json');
const recordOf = (run: string) => RunStatus.parse(JSON.parse(readFileSync(recordFile(run), 'utf8')));

beforeAll(async () => {
  stack = await startCliStack();
  judo = stack.judo();
});
afterAll(() => stack?.stop());

describe('a sweep file that is wrong', () => {
  const axis = (key: string) => `  ${key}: [${Array.from({ length: 100 }, (_, n) => n + 1).join()}]\n`;
  test.each([
    [
      'names two variants alike',
      'variants:\n  - {name: a}\n  - {name: a, set: {seed: 2}}\n',
      ':5:6: variants.1.name: "a" is the name of variant 1 already; give this one another',
    ],
    [
      'has a name that cannot be one',
      'variants: [{name: "a b"}]\n',
      ':3:13: variants.0.name: a variant is named with letters, digits and . _ + -, a letter or digit first, 64 at most, got "a b"',
    ],
    [
      'varies a stage that the recipe has not',
      'grid:\n  gpro.beta: [1, 2]\n',
      ':4:3: grid.gpro.beta: no stage reads it: "gpro" is neither a stage nor a key of the recipe; known: seg-jux-data, dom-inj-data, report, ',
    ],
    [
      'varies what no stage reads',
      'grid: {runtime.gpus: [1, 2]}\n',
      ':3:8: grid.runtime.gpus: no stage reads it: every value of this axis gives the same stages; take the axis out',
    ],
    [
      'gives a stage what it does not take',
      'grid: {dom-inj-data.pairsPerSnippet: [1, -2]}\n',
      ':3:42: stages.dom-inj-data.pairsPerSnippet: Too small: expected number to be >0, got -2 (in pairsPerSnippet=-2)',
    ],
    [
      'excludes what is not there',
      'grid: {seed: [0, 1]}\nexclude: [{seed: 2}]\n',
      ':4:11: exclude.0: matches nothing: no point is seed=2; seed is 0 or 1',
    ],
    ['has an empty axis', 'grid: {seed: []}\n', ':3:8: grid.seed: an axis needs at least one value, as in [0, 1]: this grid is empty'],
    [
      'has neither variants nor a grid',
      'grid: {}\n',
      ':1:1: a sweep needs variants, a grid, or both, as in grid: {seed: [0, 1]}: there is nothing to run',
    ],
    [
      'has a million points',
      `grid:\n${axis('seed')}${axis('seg-jux-data.imagesPerDefect')}${axis('dom-inj-data.pairsPerSnippet')}`,
      ':3:1: grid: 1,000,000 points (1 x 100 x 100 x 100); a sweep has at most 2,000: take values out, or make several sweeps',
    ],
  ])('because it %s is refused by plan and run alike, with its place and what to do', async (_, text, told) => {
    const file = sweepFile('wrong.yaml', text);
    const answers = await Promise.all([judo('sweep', 'plan', file), judo('sweep', 'run', file, '-o', 'json')]);
    for (const { code, stdout, stderr } of answers) {
      expect(stderr).toContain(`judo: ${file}${told}`);
      expect(stderr).not.toMatch(/\n {4}at /);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    }
  });

  test('because it is not there, is a recipe, or names no recipe is told with the remedy', async () => {
    const [absent, recipe, nowhere] = await Promise.all([
      judo('sweep', 'plan', join(stack.home, 'none.yaml')),
      judo('sweep', 'run', stack.recipe),
      (async () => {
        const file = join(stack.home, 'nowhere.yaml');
        writeFileSync(file, 'schema: 1\nrecipe: absent.yaml\ngrid: {seed: [0]}\n');
        return judo('sweep', 'plan', file);
      })(),
    ]);
    expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('none.yaml: no such file\nremedy: ') });
    expect(recipe).toMatchObject({ code: 2, stderr: expect.stringContaining('cheap.yaml:5:1: this is a recipe, not a sweep: judo run') });
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringMatching(/nowhere\.yaml:2:1: recipe: .*absent\.yaml: no such file\n/) });
    // Nothing was started by any of them.
    expect(documentOf(await judo('runs', '-o', 'json'))['runs']).toEqual([]);
  });
});

describe('a sweep', () => {
  const TWO = 'variants:\n  - {name: one}\n  - {name: two, set: {dom-inj-data.pairsPerSnippet: 2}}\nlimits: {parallel: 2}\n';
  const counts = async () => documentOf(await judo('sweep', 'plan', sweepFile('two.yaml', TWO), '-o', 'json'))['counts'];

  test('is planned: a line a variant, and how much is shared', async () => {
    expect(await counts()).toEqual({ stages: 6, unique: 5, done: 0, willRun: 5 });
    const { code, stdout, stderr } = await judo('sweep', 'plan', sweepFile('two.yaml', TWO));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^VARIANT +seg-jux-data +dom-inj-data +report\none +will run +will run +will run\ntwo +shared +will run +will run\n/,
    );
    expect(stdout).toContain('6 stage runs, 5 unique, 0 already done\nno estimate; nothing of the kind has run yet: seg-jux-data, ');
  });

  test('is run to its end: its name first, plain lines on stderr, the grid last', async () => {
    const { code, stdout, stderr } = await judo('sweep', 'run', sweepFile('two.yaml', TWO), '--name', 'pair');
    expect(stdout).toMatch(
      /^pair\npair completed, .*: 5 ran\nVARIANT +seg-jux-data +dom-inj-data +report\none +ran +ran +ran\ntwo +ran +ran +ran\n/,
    );
    expect(stderr).toMatch(/^\d{4}-\d\d-\d\dT\S+Z two\/dom-inj-data {2}ran$/m);
    expect(code).toBe(0);
    expect(await counts()).toEqual({ stages: 6, unique: 5, done: 5, willRun: 0 });
  });

  test('again executes nothing, and is one document', async () => {
    const answer = await judo('sweep', 'run', sweepFile('two.yaml', TWO), '--name', 'again', '-o', 'json');
    expect(answer.stderr).toContain('Everything is done: a run would execute no stage.');
    expect(documentOf(answer)).toMatchObject({
      schemaVersion: 1,
      run: 'again',
      sweep: 'two',
      state: 'completed',
      metric: null,
      results: [],
    });
    expect(new Set(Object.values(outcomesOf(answer)))).toEqual(new Set(['reused']));
    expect(answer.code).toBe(0);
  });

  test('is shown afterwards; what it has not, or is not, is told with the way out', async () => {
    const [shown, csv, unknown, taken, parallel, named] = await Promise.all([
      judo('sweep', 'show', 'pair', '-o', 'json'),
      judo('sweep', 'show', 'pair', '--csv'),
      judo('sweep', 'show', 'pare'),
      judo('sweep', 'run', join(stack.home, 'two.yaml'), '--name', 'pair'),
      judo('sweep', 'run', join(stack.home, 'two.yaml'), '--parallel', '0'),
      judo('sweep', 'run', join(stack.home, 'two.yaml'), '--name', '../pair'),
    ]);
    const stages = documentOf(shown)['stages'] as Stage[];
    expect(new Set(stages.map(({ key }) => key)).size).toBe(5);
    expect(csv).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('run pair measures nothing: its recipe has no mmad-eval\nremedy: '),
    });
    expect(unknown).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('there is no run "pare"; did you mean "pair"?\nremedy: '),
    });
    expect(taken).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('a run named "pair" exists already\nremedy: ') });
    expect(parallel).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("argument '0' is invalid. Give a number above zero."),
    });
    expect(named).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('"../pair" cannot name a run\nremedy: ') });
  });

  test('that has ended takes no variant and loses none', async () => {
    const more = sweepFile('more.yaml', 'variants: [{name: three, set: {dom-inj-data.pairsPerSnippet: 3}}]\n');
    const [add, cancel] = await Promise.all([judo('sweep', 'add', 'pair', more), judo('sweep', 'cancel', 'pair', 'two', '--yes')]);
    expect(add).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: `judo: run pair has ended (completed)\nremedy: Run it as a sweep of its own, what is done stays done: judo sweep run ${more}\n`,
    });
    expect(cancel).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'judo: run pair has ended (completed)\nremedy: Run it again, what is done stays done: judo restart pair\n',
    });
    expect(variantsOf(await judo('sweep', 'show', 'pair', '-o', 'json'))).toEqual(['one', 'two']);
  });

  test('is told from the run of one recipe', async () => {
    expect((await judo('run', stack.recipe, '--name', 'single')).code).toBe(0);
    const answers = await Promise.all([
      judo('sweep', 'show', 'single'),
      judo('sweep', 'add', 'single', join(stack.home, 'two.yaml')),
      judo('sweep', 'cancel', 'single', 'one', '--yes'),
    ]);
    for (const answer of answers)
      expect(answer).toEqual({
        ...{ code: 2, stdout: '' },
        stderr: 'judo: run single is the run of one recipe, not a sweep\nremedy: judo show single\n',
      });
  });
});

describe('a sweep that waits for a decision', () => {
  /** Without a key for the teacher that it names, `broken` is blocked; the sweep does not keep going, and pauses. */
  const HELD =
    'keepGoing: false\nlimits: {parallel: 2, usd: 9}\nvariants:\n  - {name: good}\n  - {name: broken, set: {teacher.model: gpt-4o-2024-11-20}}\n';
  const isPausedAt = async (run: string) =>
    expect(documentOf(await judo('sweep', 'show', run, '-o', 'json'))).toMatchObject({ state: 'blocked', paused: true });

  test('ends its command with 6, and says what is blocked', async () => {
    const answer = await judo('sweep', 'run', sweepFile('held.yaml', HELD), '--name', 'held');
    expect(answer.code).toBe(6);
    expect(answer.stderr).toContain('broken/dom-inj-data is blocked: ');
    expect(answer.stderr).toContain('judo retry held broken/dom-inj-data');
    await isPausedAt('held');
  });

  test('refuses a variant that it does not know or cannot spare, and what would change nothing', async () => {
    const [unknown, far, unasked, nothing, wrong, nowhere] = await Promise.all([
      judo('sweep', 'cancel', 'held', 'brokn', '--yes'),
      judo('sweep', 'cancel', 'held', 'something', '--yes'),
      judo('sweep', 'cancel', 'held', 'broken'),
      judo('sweep', 'add', 'held', join(stack.home, 'held.yaml')),
      judo('sweep', 'add', 'held', sweepFile('twice.yaml', 'variants: [{name: a}, {name: a}]\n')),
      judo('sweep', 'add', 'hold', join(stack.home, 'held.yaml')),
    ]);
    const remedy = 'remedy: judo sweep show held\n';
    expect(unknown).toEqual({ code: 4, stdout: '', stderr: `judo: run held has no variant "brokn"; did you mean "broken"?\n${remedy}` });
    expect(far).toEqual({
      code: 4,
      stdout: '',
      stderr: `judo: run held has no variant "something"; its variants: good, broken\n${remedy}`,
    });
    expect(unasked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('remedy: pass --yes') });
    expect(nothing).toEqual({
      code: 2,
      stdout: '',
      stderr: `judo: run held has every variant of ${join(stack.home, 'held.yaml')} already\n${remedy}`,
    });
    expect(wrong).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('twice.yaml:3:24: variants.1.name: "a" is the name of variant 1 already'),
    });
    expect(nowhere).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('did you mean "held"?') });
    expect(variantsOf(await judo('sweep', 'show', 'held', '-o', 'json'))).toEqual(['good', 'broken']);
  });

  test('takes variants and gives them up, each with who and why, until one is left', async () => {
    const more = sweepFile('more.yaml', 'variants: [{name: good}, {name: three, set: {dom-inj-data.pairsPerSnippet: 3}}]\n');
    expect(await judo('sweep', 'add', 'held', more, '--reason', 'one row more')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'added three to run held\n',
    });
    expect(await judo('sweep', 'cancel', 'held', 'good', '--yes')).toEqual({ code: 0, stdout: '', stderr: 'dropped good of run held\n' });
    expect(await judo('sweep', 'cancel', 'held', 'three', '--yes')).toMatchObject({ code: 0 });
    expect(await judo('sweep', 'cancel', 'held', 'broken', '--yes')).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'judo: broken is the only variant of run held\nremedy: End the run: judo cancel held\n',
    });
    const shown = await judo('sweep', 'show', 'held', '-o', 'json');
    expect(variantsOf(shown)).toEqual(['broken']);
    const decisions = documentOf(shown)['decisions'] as { action: string; reason: string | null }[];
    expect(decisions.filter(({ action }) => action === 'amend').map(({ reason }) => reason)).toEqual(['one row more', null, null]);
  });

  test('is restarted as it was: with its limits, its pause at the first blocked stage, and its turn among sweeps', async () => {
    expect((await judo('cancel', 'held', '--yes')).code).toBe(0);
    const answer = await judo('restart', 'held', '--name', 'held-again', '-o', 'json');
    expect(answer.code).toBe(6);
    expect(documentOf(answer)).toMatchObject({ run: 'held-again', sweep: 'held', state: 'blocked', paused: true });
    expect(recordOf('held-again')).toMatchObject({ limits: { parallel: 2, usd: 9 }, keepGoing: false });
    const connection = await Connection.connect({ address: stack.addresses.temporal });
    const { priority } = await new Client({ connection }).workflow.getHandle(runWorkflowId('held-again')).describe();
    await connection.close();
    expect(priority).toMatchObject({ ...priorities.sweep, fairnessKey: 'held' });
    expect((await judo('cancel', 'held-again', '--yes')).code).toBe(0);
  });

  test('whose record is of before its terms were filed is restarted without limits', async () => {
    const { limits: _, keepGoing: __, ...old } = recordOf('held-again');
    writeFileSync(recordFile('held-again'), JSON.stringify(old));
    expect(await judo('restart', 'held-again', '--name', 'held-old')).toMatchObject({ code: 6 });
    expect(recordOf('held-old')).toMatchObject({ limits: {}, keepGoing: true, paused: false, state: 'blocked' });
    expect((await judo('cancel', 'held-old', '--yes')).code).toBe(0);
  });

  test('is not changed by a restart, and its name is one that a run can have', async () => {
    const [changed, named] = await Promise.all([judo('restart', 'pair', '-s', 'seed=1'), judo('restart', 'pair', '--name', '../pair')]);
    expect(changed).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('a sweep is restarted as it is\nremedy: ') });
    expect(named).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('"../pair" cannot name a run\nremedy: ') });
  });
});
