import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STAGE_KINDS } from '../../contracts/stages/index.js';

const SCRIPT = 'infra/implementation-digests.mjs';
const FILED = 'contracts/stages/implementation-digests.json';

type Filed = Record<string, { implementationVersion: number; digest: string }>;

async function check(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [SCRIPT, ...words]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('no stage changed its code without a new implementationVersion', async () => {
  const { stderr } = await check();
  expect(stderr, stderr).toBe('');
});

test('what is filed are the kinds of stage that there are, with their versions', async () => {
  const filed = JSON.parse(await readFile(FILED, 'utf8')) as Filed;
  const versions = (all: Record<string, { implementationVersion: number }>) =>
    Object.fromEntries(Object.entries(all).map(([kind, { implementationVersion }]) => [kind, implementationVersion]));
  expect(versions(filed)).toEqual(versions(STAGE_KINDS));
});

describe('in a copy of the sources', () => {
  let root: string;
  const at = (file: string) => join(root, file);
  const run = (...words: string[]) => check('--root', root, ...words);
  const edit = async (file: string, change: (text: string) => string) => {
    const before = await readFile(at(file), 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    await writeFile(at(file), after);
  };
  const filed = async () => JSON.parse(await readFile(at(FILED), 'utf8')) as Filed;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'judo-digests-'));
    for (const part of ['activities', 'adapters', 'contracts', 'workers', 'workflows', 'gpu-worker/src'])
      await cp(part, at(part), { recursive: true });
    expect(await run('--update', '--no-change-in-output', 'all')).toMatchObject({ code: 0 });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test('each kind is made of its activity, what that imports, and the Python of its task', async () => {
    const { stdout } = await run('--files');
    const files = Object.fromEntries(
      stdout.split(/^(?=\S)/m).map((part) => {
        const [kind, ...names] = part.trim().split(/\s+/);
        return [kind, names];
      }),
    );
    const python = 'gpu-worker/src/judo_gpu';
    expect(files['grpo']).toEqual(
      expect.arrayContaining([`${python}/train/grpo.py`, `${python}/rewards/letters.py`, `${python}/__main__.py`]),
    );
    expect(files['grpo']).not.toContain(`${python}/train/sft.py`);
    expect(files['seg-jux']).toEqual(expect.arrayContaining(['activities/training/train-stage.ts', `${python}/train/sft.py`]));
    expect(files['seg-jux']).not.toContain(`${python}/train/grpo.py`);
    expect(files['mmad-eval']).toEqual(expect.arrayContaining(['activities/evaluation/scoring.ts', `${python}/infer/generate.py`]));
    expect(files['seg-jux-data']).toEqual(expect.arrayContaining(['activities/datasets/outline.ts', 'adapters/image-codec/sharp.ts']));
    expect(files['report']).toContain('activities/report/dag-svg.ts');
  });

  test('a changed file names the stages that it is part of, and what to type', async () => {
    await edit('activities/evaluation/scoring.ts', (text) => `${text}\nexport const changed = 1;\n`);
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain('mmad-eval: its code changed, and its implementationVersion is still 1.');
    expect(stderr).toContain(`If it makes the same outputs, type: node ${SCRIPT} --update --no-change-in-output mmad-eval`);
    expect(stderr).not.toMatch(/^(seg-jux|grpo|dom-inj)/m);
    const before = await filed();
    expect((await run('--update')).code).toBe(1);
    expect(await filed()).toEqual(before);
  });

  test('with the word, or with a raised version, it is filed; a version never goes back', async () => {
    await edit('gpu-worker/src/judo_gpu/rewards/letters.py', (text) => `${text}\nCHANGED = 1\n`);
    const before = await filed();
    expect((await run()).stderr).toMatch(/^grpo: its code changed/);
    expect(await run('--update', '--no-change-in-output', 'grpo')).toEqual({ code: 0, stdout: '', stderr: '' });
    const after = await filed();
    expect(after).toEqual({ ...before, grpo: { implementationVersion: 1, digest: after['grpo']!.digest } });
    expect(after['grpo']!.digest).not.toBe(before['grpo']!.digest);

    await edit('gpu-worker/src/judo_gpu/rewards/letters.py', (text) => text.replace('CHANGED = 1', 'CHANGED = 2'));
    await edit('contracts/stages/grpo.ts', (text) => text.replace('implementationVersion: 1', 'implementationVersion: 2'));
    expect((await run()).stderr).toBe(`grpo: version 2 is not filed. Type: node ${SCRIPT} --update\n`);
    expect((await run('--update')).code).toBe(0);
    expect((await filed())['grpo']!.implementationVersion).toBe(2);

    await edit('contracts/stages/grpo.ts', (text) => text.replace('implementationVersion: 2', 'implementationVersion: 1'));
    expect((await run('--update', '--no-change-in-output', 'all')).stderr).toMatch(/^grpo: .* from 2 back to 1; it only rises/);
  });

  test('comments, docstrings and layout are no change; strings, operators and indentation are', async () => {
    const python = 'gpu-worker/src/judo_gpu/rewards/letters.py';
    const typescript = 'activities/evaluation/wilson.ts';
    const probe = [
      'def probe(a, b):',
      '    """Says something."""',
      '    if a:  # why',
      '        return f(a, b)',
      '    return "# no comment"',
      '',
    ];
    await edit(python, (text) => text + probe.join('\n'));
    await edit(typescript, (text) => `${text}\nexport const probe = (a: number, b: number) => Math.max(a, -b);\n`);
    await run('--update', '--no-change-in-output', 'all');
    await edit(python, (text) =>
      text.replace('"""Says something."""', '"""Says something else.\n\n    At length."""\n').replace('  # why', ''),
    );
    await edit(python, (text) => text.replace('f(a, b)', 'f(\n            a,\n            b,\n        )'));
    await edit(typescript, (text) => `// A comment.\n${text.replace('Math.max(a, -b)', 'Math.max(\n  a,\n  -b, // last\n)')}`);
    expect(await run()).toEqual({ code: 0, stdout: '', stderr: '' });
    for (const [file, from, to] of [
      [python, '# no comment', '# no  comment'],
      [python, '    return "#', '        return "#'],
      [python, 'if a:', 'if not a:'],
      [typescript, '-b,', '+b,'],
      [typescript, 'Math.max', 'Math.min'],
    ] as const) {
      await edit(file, (text) => text.replace(from, to));
      expect((await run()).code, `${from} -> ${to}`).toBe(1);
      await edit(file, (text) => text.replace(to, from));
    }
    expect((await run()).code).toBe(0);
  });

  test('a stage that is not there is told, and so is one that nothing composes', async () => {
    expect((await run('--update', '--no-change-in-output', 'grop')).stderr).toMatch(
      /^there is no stage grop; those known are cold-start, /,
    );
    await edit('contracts/stages/grpo.ts', (text) => text.replace("activity: 'trainStage'", "activity: 'trainNothing'"));
    expect((await run()).stderr).toContain('workers/stage-activities.ts composes no activity trainNothing');
  });
});
