import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { EXIT_MEANINGS } from '../../cli/exit-codes.js';
import { program } from '../../cli/main.js';
import { judoIn } from './judo.js';

const home = mkdtempSync(join(tmpdir(), 'judo-words-'));
const judo = judoIn(home);
const run = promisify(execFile);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Every command with its words, groups included. */
function everyCommand(command: Command, words: readonly string[] = []): { words: readonly string[]; command: Command }[] {
  const below = command.commands.filter((one) => one.name() !== 'help' || words.length === 0);
  return [{ words, command }, ...below.flatMap((one) => everyCommand(one, [...words, one.name()]))];
}

/** All that `judo ... --help` prints. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ ...command.configureOutput(), writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('a word that is wrong', () => {
  test.concurrent.each([
    ['rum', [], "unknown command 'rum'", 'Did you mean run?'],
    ['data', ['chek'], "unknown command 'chek'", 'Did you mean check?'],
    ['artifacts', ['veriyf'], "unknown command 'veriyf'", 'Did you mean verify?'],
    ['run', ['--dta', 'x', 'y.yaml'], "unknown option '--dta'", 'Did you mean --data?'],
    ['runs', ['--json'], "unknown option '--json'", 'Did you mean -o json?'],
    ['runs', ['-o', 'yaml'], "argument 'yaml' is invalid", 'Allowed choices are json'],
    ['runs', ['-n', 'many'], "argument 'many' is invalid", 'whole number'],
    ['runs', ['-n', '0'], "argument '0' is invalid", 'above zero'],
    ['runs', ['extra'], 'too many arguments', 'judo runs --help'],
    ['run', [], "missing required argument 'recipe'", 'judo run --help'],
    ['completion', ['tcsh'], "'tcsh' is invalid", 'bash, zsh, fish'],
    ['help', ['exit-code'], 'no command or topic "exit-code"', 'did you mean "exit-codes"?'],
    ['config', ['explain', 'temporal.adress'], 'no setting "temporal.adress"', 'did you mean "temporal.address"?'],
  ])('%s %j is told with the nearest right one, a remedy, and nothing on stdout', async (command, words, what, near) => {
    const { code, stdout, stderr } = await judo(command, ...words);
    expect(code).toBe(command === 'config' ? 4 : 2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`judo: `);
    expect(stderr).toContain(what);
    expect(stderr).toContain(near);
    expect(stderr).toContain('remedy: ');
  });

  test('what cannot be undone is not done without a terminal to ask on', async () => {
    const { code, stderr } = await judo('artifacts', 'verify', '--discard');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('pass --yes') });
  });
});

describe('help', () => {
  test('of every command has an example that begins with the command itself', () => {
    const without = everyCommand(program()).flatMap(({ words, command }) => {
      const examples = helpOf(command)
        .split('\n')
        .filter((line) => line.includes('$ '));
      return examples.some((line) => line.includes(['judo', ...words].join(' '))) ? [] : [words.join(' ')];
    });
    expect(without).toEqual([]);
  });

  test('every option that examples use is one that the command has', () => {
    const unknown = everyCommand(program()).flatMap(({ words, command }) => {
      // A command of commands shows examples of those; they are looked at with them.
      if (command.commands.length > 0) return [];
      const known = command.options.flatMap((option) => [option.short, option.long]);
      const used = helpOf(command)
        .split('\n')
        .filter((line) => line.includes(`$ judo ${words.join(' ')} `) && words.length > 0);
      const options = used.flatMap((line) => line.match(/(?<= )--?[a-z][a-z-]*/g) ?? []);
      return options.filter((option) => !known.includes(option)).map((option) => `judo ${words.join(' ')} ${option}`);
    });
    expect(unknown).toEqual([]);
  });

  test('exit-codes lists every code that the program ends with', async () => {
    const { code, stdout } = await judo('help', 'exit-codes');
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => Number(line.split(' ')[0])),
    ).toEqual(EXIT_MEANINGS.map(([number]) => number));
  });

  test('environment names the variables, and a command of two words is explained', async () => {
    expect((await judo('help', 'environment')).stdout).toContain('JUDO_HOME');
    expect((await judo('help', 'data', 'check')).stdout).toContain('Usage: judo data check');
  });

  test('loads no server client, picture library or schema', async () => {
    const loaded = `import { program } from ${JSON.stringify(join(import.meta.dirname, '../../dist/cli/main.js'))};
      program().outputHelp(); process.stderr.write(process.report.getReport().sharedObjects.join('\\n'));`;
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', loaded]);
    expect(stderr).not.toMatch(/sharp|libvips|core-bridge/);
  });

  test('--version prints the version of package.json', async () => {
    // An import would have the compiler put a copy into dist/, which would then be taken for the checkout.
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await judo('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('completion', () => {
  test('loads in bash, and completes a command, a command below it and an option', async () => {
    const { stdout: script } = await judo('completion', 'bash');
    const ask = (...words: string[]) =>
      `COMP_WORDS=(judo ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; COMPREPLY=(); _judo; echo "\${COMPREPLY[*]}"`;
    const { stdout } = await run(
      'bash',
      [
        '-uc',
        [script, ask('quick'), ask('data', 'ch'), ask('run', '--det'), ask('data', 'check', '--out'), ask('completion', 'zs')].join('\n'),
      ],
      {
        cwd: home,
      },
    );
    expect(stdout.trim().split('\n')).toEqual(['quickstart', 'check', '--detach', '--output', 'zsh']);
  });

  test.concurrent.each(['zsh', 'fish'])('names every command for %s', async (shell) => {
    const { code, stdout } = await judo('completion', shell);
    expect(code).toBe(0);
    for (const command of program().commands) expect(stdout).toContain(command.name());
  });
});

describe('config', () => {
  const secrets = {
    OPENAI_API_KEY: 'sk-secret-1',
    AWS_ACCESS_KEY_ID: 'AKIASECRET2',
    AWS_SECRET_ACCESS_KEY: 'secret-3',
    TEMPORAL_API_KEY: 'secret-4',
  };

  test('shows no secret, whatever is in the environment', async () => {
    const answers = await Promise.all([
      judoIn(home, secrets)('config', 'show'),
      judoIn(home, secrets)('config', 'show', '-o', 'json'),
      judoIn(home, secrets)('config', 'explain', 'teacher.apiKey'),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { stdout, stderr } of answers) for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
  });

  test('explain says what decided a value, and what would win over it', async () => {
    const { stdout } = await judoIn(home, { JUDO_S3_BUCKET: 'elsewhere' })('config', 'explain', 's3.bucket');
    expect(stdout).toContain('s3.bucket = elsewhere\nfrom: environment JUDO_S3_BUCKET');
    expect((await judoIn(home, { JUDO_S3_BUCKET: '' })('config', 'explain', 's3.bucket')).stdout).toContain('from: temporal.config.ts');
  });

  test('schema prints a JSON Schema that editors take', async () => {
    const { stdout } = await judo('config', 'schema', 'recipe');
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { stages: {} } });
  });
});

test('colour is painted only where it was asked for, and NO_COLOR wins', async () => {
  const painted = async (given: Record<string, string>) => {
    const { columns, painter } = await import('../../cli/render/terminal.js');
    const before = { NO_COLOR: process.env['NO_COLOR'], FORCE_COLOR: process.env['FORCE_COLOR'] };
    for (const name of ['NO_COLOR', 'FORCE_COLOR']) delete process.env[name];
    Object.assign(process.env, given);
    try {
      return columns([[painter(process.stdout)('red', 'x')]]).includes('\x1b[');
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  };
  expect(await painted({ FORCE_COLOR: '1' })).toBe(true);
  expect(await painted({ FORCE_COLOR: '0' })).toBe(false);
  expect(await painted({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
});

test('who stops reading ends the command quietly', async () => {
  const { stderr } = await run('bash', [
    '-c',
    `"$0" "$1" config schema recipe | head -c 1 > /dev/null; echo "\${PIPESTATUS[0]}" >&2`,
    process.execPath,
    join(import.meta.dirname, '../../dist/cli/bin.js'),
  ]);
  expect(stderr).toBe('0\n');
});
