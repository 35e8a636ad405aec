import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReportSummary } from '../../contracts/report-summary.js';
import { documentOf, type Answer } from './judo.js';
import { eventually } from '../support/waiting.js';
import { startCliStack, workersOf, type CliStack } from './stack.js';

/** The commands on a real stack, in the order in which a user meets them: nothing yet, a run, a second one, a blocked one, damage. */
let stack: CliStack;
let judo: (...words: string[]) => Promise<Answer>;

interface Stage {
  readonly stage: string;
  readonly key: string;
  readonly outcome: string;
  readonly attempts: number;
  readonly seconds: number | null;
  readonly artifacts: Record<string, string>;
}
const stagesOf = (answer: Answer) => documentOf(answer)['stages'] as Stage[];

beforeAll(async () => {
  stack = await startCliStack();
  judo = stack.judo();
});
afterAll(() => stack?.stop());

describe('before the first run', () => {
  test('lists are empty documents, and people are told what to type', async () => {
    const [runs, trees, forPeople, show] = await Promise.all([
      judo('runs', '-o', 'json'),
      judo('artifacts', 'ls', '-o', 'json'),
      judo('runs'),
      judo('show', 'first'),
    ]);
    expect(documentOf(runs)).toEqual({ schemaVersion: 1, runs: [] });
    expect(documentOf(trees)).toEqual({ schemaVersion: 1, trees: [] });
    expect(forPeople).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('judo quickstart') });
    expect(show).toEqual({ code: 4, stdout: '', stderr: expect.stringContaining('there are no runs yet\nremedy: ') });
  });

  test('doctor finds a worker on each queue that needs no GPU, and the code of the workflows in the bucket', async () => {
    const { checks } = documentOf(await judo('doctor', '-o', 'json')) as { checks: { check: string; state: string; detail: string }[] };
    const ok = checks.filter(({ state }) => state === 'ok').map(({ check }) => check);
    expect(ok).toEqual(
      expect.arrayContaining(['worker on judo-pipeline', 'worker on judo-cpu', 'worker on judo-teacher', 'workflow builds']),
    );
    expect(checks.find(({ check }) => check === 'workflow builds')?.detail).toMatch(/^[0-9a-f]{16} is current$/);
  });

  test('plan says what would run, and ends with 10 when asked to', async () => {
    const answer = await judo('plan', stack.recipe, '-o', 'json', '--exit-code');
    expect(answer.code).toBe(10);
    const stages = documentOf(answer)['stages'] as Record<string, unknown>[];
    expect(stages.map(({ stage, state }) => `${String(stage)} ${String(state)}`)).toEqual([
      'seg-jux-data will-run',
      'dom-inj-data will-run',
      'report unknown',
    ]);
    for (const stage of stages) expect(Object.keys(stage).sort()).toEqual(['estimate', 'key', 'reason', 'stage', 'state']);
  });
});

describe('a run', () => {
  test('prints its name first, plain lines on stderr, and ends with the path of its report', async () => {
    const { code, stdout, stderr } = await judo('run', stack.recipe, '--name', 'first', '--run-id-file', join(stack.home, 'id'));
    expect(stderr).toMatch(/^\d{4}-\d\d-\d\dT\S+ seg-jux-data {2}ran/m);
    expect(stderr).not.toContain('\x1b');
    expect(stdout).toMatch(/^first\n/);
    expect(stdout).toContain(`report: ${join(stack.home, 'reports', 'first', 'report.html')}`);
    expect(readFileSync(join(stack.home, 'id'), 'utf8')).toBe('first\n');
    expect(code).toBe(0);
  });

  test('again executes no stage, and says so in one document', async () => {
    const answer = await judo('run', stack.recipe, '--name', 'second', '-o', 'json');
    expect(answer.code).toBe(0);
    const document = documentOf(answer);
    expect(document).toMatchObject({ schemaVersion: 1, run: 'second', state: 'completed' });
    expect(stagesOf(answer).map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual([
      'seg-jux-data reused',
      'dom-inj-data reused',
      'report reused',
    ]);
    expect(existsSync(String(document['report']))).toBe(true);
    expect(existsSync(String(document['table']))).toBe(true);
    expect((await judo('plan', stack.recipe, '--exit-code')).code).toBe(0);
  });

  test('is shown with its stages, their keys and artifacts', async () => {
    const stages = stagesOf(await judo('show', 'first', '-o', 'json'));
    expect(stages.map(({ outcome, attempts }) => `${outcome} ${attempts}`)).toEqual(['ran 1', 'ran 1', 'ran 1']);
    for (const { key, seconds, artifacts } of stages) {
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      expect(seconds).toBeGreaterThan(0);
      for (const digest of Object.values(artifacts)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    }
    const board = (await judo('show', 'first')).stdout;
    expect(board).toContain('first completed');
    expect(board).not.toMatch(/\x1b| \n/);
  });

  test('is listed, latest first, with ISO times in a pipe', async () => {
    const { runs } = documentOf(await judo('runs', '-o', 'json')) as { runs: { run: string; state: string; recipe: string }[] };
    expect(runs.map(({ run, state, recipe }) => `${run} ${state} ${recipe}`)).toEqual(['second completed cheap', 'first completed cheap']);
    expect((await judo('runs', '-n', '1')).stdout).toMatch(
      /^RUN +STATE +STARTED +RECIPE\nsecond +completed +\d{4}-\d\d-\d\dT\S+Z +cheap\n$/,
    );
  });

  test('whose name is taken is refused with the way out', async () => {
    const { code, stdout, stderr } = await judo('run', stack.recipe, '--name', 'first');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('a run named "first" exists already\nremedy: ');
  });

  test('is found by its beginning; a mistyped one is told with the nearest', async () => {
    expect((await judo('report', 'fir')).stdout).toBe(`${join(stack.home, 'reports', 'first', 'report.html')}\n`);
    const answers = await Promise.all([
      judo('show', 'frist'),
      judo('logs', 'secnd'),
      judo('report', '../first'),
      judo('cancel', 'fir', '--yes'),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([4, 4, 4, 4]);
    expect(answers.map(({ stdout }) => stdout)).toEqual(['', '', '', '']);
    expect(answers[0].stderr).toContain('did you mean "first"?');
    expect(answers[1].stderr).toContain('did you mean "second"?');
    expect(answers[3].stderr).toContain('one begins so: first');
  });

  test('that has ended is not cancelled, and its stages without a log say so', async () => {
    const [cancel, logs, wrong] = await Promise.all([
      judo('cancel', 'first', '--yes'),
      judo('logs', 'first'),
      judo('logs', 'first', 'grpo'),
    ]);
    expect(cancel).toMatchObject({ code: 0, stderr: expect.stringContaining('has ended already') });
    expect(logs).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('no log') });
    expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining('its stages: seg-jux-data, dom-inj-data, report') });
  });

  test('has its report as files: page, summary and tables', async () => {
    const document = documentOf(await judo('report', 'first', '-o', 'json'));
    expect(document).toMatchObject({ schemaVersion: 1, run: 'first', state: 'completed', partial: false });
    const folder = join(stack.home, 'reports', 'first');
    expect(readdirSync(folder).sort()).toEqual(['report.html', 'summary.json', 'table.csv', 'table.md']);
    expect(ReportSummary.parse(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))).run).toBe('first');
  });
});

describe('a stage that another run executes', () => {
  test('is planned as running there, until nobody waits for it any more', async () => {
    // No GPU host is up: the stage goes on waiting for one.
    const recipe = join(stack.home, 'trained.yaml');
    writeFileSync(recipe, readFileSync(stack.recipe, 'utf8').replace('  report: {}\n', '  seg-jux: {}\n'));
    expect(await judo('run', recipe, '--name', 'training', '--detach')).toMatchObject({ code: 0 });
    const trained = async () => {
      const stages = documentOf(await judo('plan', recipe, '-o', 'json'))['stages'] as { stage: string; state: string; reason: string }[];
      return stages.find(({ stage }) => stage === 'seg-jux')!;
    };
    await eventually(async () => (await trained()).state === 'running');
    expect((await trained()).reason).toBe('running in training');
    expect((await judo('cancel', 'training', '--yes')).code).toBe(0);
    await eventually(async () => (await trained()).state === 'will-run');
    expect((await trained()).reason).toBe('never ran');
  });

  test('is not known to be while Temporal is away: the plan stands, with a word of it', async () => {
    const { code, stdout, stderr } = await stack.judo({ TEMPORAL_ADDRESS: '127.0.0.1:1' })('plan', join(stack.home, 'trained.yaml'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/seg-jux +will-run/);
    expect(stderr).toContain('what runs elsewhere is not known: no Temporal server answers at 127.0.0.1:1');
  });
});

describe('a run that waits for a decision', () => {
  const blocked = ['-s', 'teacher.model=gpt-4o-2024-11-20', '--force', 'dom-inj-data', '--name', 'third', '-o', 'json'];

  test('ends its command with 6, and the remedy and the command to type are told', async () => {
    const answer = await judo('run', stack.recipe, ...blocked);
    expect(answer.code).toBe(6);
    expect(documentOf(answer)).toMatchObject({ state: 'blocked' });
    expect(answer.stderr).toContain('dom-inj-data is blocked: ');
    expect(answer.stderr).toContain('remedy: Set OPENAI_API_KEY');
    expect(answer.stderr).toContain('judo retry third dom-inj-data');
  });

  test('has a partial report that says so, on the terminal and in itself', async () => {
    const answer = await judo('report', 'third');
    const file = join(stack.home, 'reports', 'third', 'report.html');
    expect(answer).toEqual({
      code: 0,
      stdout: `${file}\n`,
      stderr: expect.stringContaining('This report is partial: 0 of 3 stages are done'),
    });
    const page = readFileSync(file, 'utf8');
    expect(page).toContain('This report is partial');
    expect(page).toContain('judo retry third dom-inj-data');
    expect(documentOf(await judo('report', 'third', '-o', 'json'))).toMatchObject({ state: 'blocked', partial: true, report: file });
  });

  test('has one in the bucket too, written without being asked for', async () => {
    const file = join(stack.home, 's3', 'data', 'judo', 'v1', 'runs', 'third', 'report.html');
    await eventually(() => existsSync(file));
    expect(readFileSync(file, 'utf8')).toContain('the run is blocked');
  });

  test('is listed and shown while no worker answers', async () => {
    const pid = workersOf(stack.home);
    process.kill(pid, 'SIGSTOP');
    try {
      const [show, runs] = await Promise.all([judo('show', 'third', '-o', 'json'), judo('runs', '-n', '1')]);
      expect(show).toMatchObject({ code: 0, stderr: expect.stringContaining('no worker answers (`judo up` starts them)') });
      expect(stagesOf(show).map(({ stage }) => stage)).toEqual(['seg-jux-data', 'dom-inj-data', 'report']);
      expect(runs.stdout).toContain('third');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  test('once cancelled it stays so, and no retry is offered any more', async () => {
    expect(await judo('cancel', 'third')).toMatchObject({ code: 2, stderr: expect.stringContaining('pass --yes') });
    expect((await judo('cancel', 'third', '--yes')).code).toBe(0);
    const { stdout, stderr } = await judo('show', 'third');
    expect(stdout).toContain('third cancelled');
    expect(stdout + stderr).not.toContain('judo retry');
    expect(await judo('abort', 'third', '--yes')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a stage that blocked for a wrong parameter', () => {
  const blocked = ['-s', 'seg-jux-data.seed=7', '-s', 'seg-jux-data.teacherModel=gpt-4o-2024-11-20', '--name', 'mended'];

  test('is retried with another: what it was and what depends on it runs, and nothing else', async () => {
    expect((await judo('run', stack.recipe, ...blocked)).code).toBe(6);
    const retry = await judo('retry', 'mended', '-s', 'teacherModel=rehearsal', '--reason', 'no key here');
    expect(retry.code).toBe(0);
    expect(retry.stdout + retry.stderr).toMatch(/runs again: seg-jux-data\n.*report\nstays done: dom-inj-data\n/);
    expect((await judo('watch', 'mended')).code).toBe(0);
    expect(stagesOf(await judo('show', 'mended', '-o', 'json')).map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual([
      'seg-jux-data ran',
      'dom-inj-data reused',
      'report ran',
    ]);
  });

  test('is explained by the fields that differ, what caused them, and who changed it why', async () => {
    const [stage, below, json] = await Promise.all([
      judo('why', 'mended', 'seg-jux-data'),
      judo('why', 'mended', 'report'),
      judo('why', 'mended', 'seg-jux-data', '-o', 'json'),
    ]);
    const decision = /\S+Z {2}\S+: retry seg-jux-data teacherModel="rehearsal" \(no key here\)\n/;
    expect(stage.stdout).toMatch(/^seg-jux-data [0-9a-f]{12}, compared with [0-9a-f]{12} of first .*\n {2}seed 0 -> 7\n {2}/);
    expect(stage.stdout).toMatch(decision);
    expect(below.stdout).toMatch(/input seg-jux-data\.\w+ changed .*\n {4}seg-jux-data .*\n {6}seed 0 -> 7\n/);
    expect(below.stdout).toMatch(decision);
    expect(documentOf(json)).toMatchObject({
      differences: [{ field: 'params.seed', was: 0, now: 7 }],
      decisions: [{ action: 'retry', stages: ['seg-jux-data'], reason: 'no key here' }],
    });
  });

  test('is done in a run that is restarted from a later one: that one alone runs again', async () => {
    const restarted = await judo('restart', 'mended', '--from', 'report', '--name', 'again', '-o', 'json');
    expect(restarted.code).toBe(0);
    expect(stagesOf(await judo('show', 'again', '-o', 'json')).map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual([
      'seg-jux-data reused',
      'dom-inj-data reused',
      'report ran',
    ]);
  });
});

describe('artifacts', () => {
  test('are listed with who made them, and their files', async () => {
    const { trees } = documentOf(await judo('artifacts', 'ls', '-o', 'json')) as {
      trees: { digest: string; producers: { stage: string; run: string }[] }[];
    };
    const made = trees.flatMap(({ producers }) => producers.map(({ stage, run }) => `${stage} ${run}`));
    expect(made.sort()).toEqual([
      'dom-inj-data first',
      'report again',
      'report first',
      'report mended',
      'seg-jux-data first',
      'seg-jux-data mended',
    ]);
    const report = trees.find(({ producers }) => producers[0]?.stage === 'report')!;
    expect((await judo('artifacts', 'ls', report.digest.slice(0, 10))).stdout).toContain('report.html');
  });

  test('are copied out whole, never over something else', async () => {
    const digest = stagesOf(await judo('show', 'first', '-o', 'json'))[0]!.artifacts['rows']!;
    const out = join(stack.home, 'rows');
    expect((await judo('artifacts', 'get', digest.slice(0, 8), out)).code).toBe(0);
    expect(readdirSync(out)).toContain('rows.jsonl');
    expect(await judo('artifacts', 'get', digest, out)).toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty') });
    expect(await judo('artifacts', 'get', 'ffffffff', join(stack.home, 'no'))).toMatchObject({ code: 4 });
  });

  test('that are damaged are found, and discarded only when that is said twice', async () => {
    const digest = stagesOf(await judo('show', 'first', '-o', 'json'))[1]!.artifacts['rows']!;
    const blobs = join(stack.home, 's3', 'data', 'judo', 'v1', 'blobs', 'sha256');
    const { files } = documentOf(await judo('artifacts', 'ls', digest, '-o', 'json')) as { files: { path: string; sha256: string }[] };
    const { sha256 } = files.find(({ path }) => path === 'rows.jsonl')!;
    const blob = join(blobs, sha256.slice(0, 2), sha256);
    writeFileSync(blob, 'x'.repeat(statSync(blob).size));

    const found = await judo('artifacts', 'verify', '-o', 'json');
    expect(found.code).toBe(1);
    const verdicts = documentOf(found)['verdicts'] as { digest: string; ok: boolean }[];
    expect(verdicts.filter(({ ok }) => !ok).map((verdict) => verdict.digest)).toEqual([digest]);
    expect(await judo('artifacts', 'verify', digest, '--discard')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('pass --yes'),
    });
    expect(existsSync(blob)).toBe(true);

    const discarded = await judo('artifacts', 'verify', digest, '--discard', '--yes');
    expect(discarded).toMatchObject({ code: 1, stderr: expect.stringContaining('1 tree read, 1 damaged, 2 objects deleted') });
    expect(existsSync(blob)).toBe(false);
    expect(discarded.stderr).toContain('judo run RECIPE --force STAGE');
    expect(await judo('artifacts', 'verify', digest)).toMatchObject({ code: 4, stderr: expect.stringContaining('remedy: ') });
  });
});

describe('a server that refuses us', () => {
  test('for our credentials: 3, where and the remedy', async () => {
    const given = {
      JUDO_S3_ENDPOINT: stack.addresses.s3,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'wrong',
    };
    const { code, stdout, stderr } = await stack.judo(given)('plan', stack.recipe, '-o', 'json');
    expect(stderr).toContain(`s3://judo at ${stack.addresses.s3} refuses our credentials`);
    expect(stderr).toContain('remedy: Set AWS_ACCESS_KEY_ID');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test('for want of the bucket: 3, which bucket and the remedy', async () => {
    const { code, stdout, stderr } = await stack.judo({ JUDO_S3_BUCKET: 'absent' })('show', 'first', '-o', 'json');
    expect(stderr).toContain('there is no bucket absent');
    expect(stderr).toContain('remedy: Create it');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test('for want of the namespace: 3, and the variable that names it', async () => {
    const { code, stdout, stderr } = await stack.judo({ TEMPORAL_NAMESPACE: 'absent' })('runs', '-o', 'json');
    expect(stderr).toContain('TEMPORAL_NAMESPACE');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });
});

test('a finished run is shown while Temporal is away', async () => {
  const answer = await stack.judo({ TEMPORAL_ADDRESS: '127.0.0.1:9' })('show', 'first', '-o', 'json');
  expect(documentOf(answer)).toMatchObject({ run: 'first', state: 'completed' });
});

test('data check tells every problem of a broken dataset, and ends with 2', async () => {
  const masks = readdirSync(stack.plant, { recursive: true, encoding: 'utf8' }).filter((path) => /ground_truth.*\.png$/.test(path));
  rmSync(join(stack.plant, masks[0]!));
  writeFileSync(join(stack.plant, masks[1]!), 'no picture');
  const answer = await judo('data', 'check', stack.plant, '-o', 'json');
  expect(answer.code).toBe(2);
  const { schemaVersion, images, problems } = documentOf(answer) as {
    schemaVersion: number;
    images: number;
    problems: Record<string, unknown>[];
  };
  expect({ schemaVersion, images }).toEqual({ schemaVersion: 1, images: 12 });
  expect(problems.map(({ file }) => String(file)).sort()).toEqual(masks.slice(0, 2).sort());
  for (const problem of problems) expect(Object.keys(problem).sort()).toEqual(['code', 'detail', 'file', 'key', 'remedy']);
});
