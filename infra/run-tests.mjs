/**
 * Every suite of the project, one after the other, each with its result; the last line adds them up: `N passed, N failed`.
 * A check counts as one. `--slow` runs tests/slow instead. `--only NAME,NAME` runs some. Expects that set-up has run.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const home = resolve(process.env.JUDO_HOME || join(root, '.judo'));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const python = join(home, 'venv', 'bin', 'python');
const worker = join(root, 'gpu-worker');
const { values: options } = parseArgs({ options: { slow: { type: 'boolean', default: false }, only: { type: 'string' } } });

const ROOMS = ['contracts', 'workflows', 'activities', 'adapters', 'workers', 'cli', 'infra', 'bench', 'tests', 'temporal.config.ts'];
const cruise = ['--config', '.dependency-cruiser.cjs', ...ROOMS.filter((name) => existsSync(join(root, name)))];

/** Checks: one command each, passed when it ends with 0. */
const CHECKS = [
  { name: 'format (prettier)', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'types (tsc)', command: [process.execPath, bin('tsc'), '-p', '.', '--noEmit', '--incremental', 'false'] },
  { name: 'lint (oxlint)', command: [bin('oxlint'), '--type-aware'] },
  { name: 'dependency direction (depcruise)', command: [bin('depcruise'), ...cruise] },
  { name: 'python lint (ruff)', command: [python, '-m', 'ruff', 'check', '.'], cwd: worker },
  { name: 'python format (ruff)', command: [python, '-m', 'ruff', 'format', '--check', '.'], cwd: worker },
  { name: 'python types (mypy)', command: [python, '-m', 'mypy'], cwd: worker },
];

/** Runs a command; resolves to its exit code. Output is shown as it comes, or kept for a failure. */
function run([command, ...args], { cwd = root, show, env = {} }) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, JUDO_HOME: home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const kept = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (show ? process.stdout.write(data) : kept.push(data)));
    child.on('error', (error) => done({ code: 127, output: `cannot start ${command}: ${error.message}\n` }));
    child.on('close', (code) => done({ code: code ?? 1, output: Buffer.concat(kept).toString() }));
  });
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

async function check({ name, command, cwd }) {
  const started = Date.now();
  const { code, output } = await run(command, { cwd, show: false });
  if (code !== 0) process.stdout.write(output);
  return report(name, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }, started);
}

function report(name, result, started) {
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : '';
  process.stdout.write(
    `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${result.passed} passed, ${result.failed} failed${skipped} (${seconds(started)})\n`,
  );
  return result;
}

async function vitest(scratch) {
  const started = Date.now();
  const file = join(scratch, 'vitest.json');
  const only = options.slow ? ['--config', 'infra/vitest.slow.config.ts'] : [];
  const again = process.env.JUDO_TEST_RETRIES ? [`--retry=${Number(process.env.JUDO_TEST_RETRIES)}`] : [];
  const { code } = await run([bin('vitest'), 'run', ...only, ...again, '--reporter=dot', '--reporter=json', `--outputFile.json=${file}`], {
    show: true,
  });
  return report(options.slow ? 'slow tests (vitest)' : 'tests (vitest)', countVitest(file, code), started);
}

/** A file that cannot be loaded, and an error outside of any test, are failures too. */
function countVitest(file, code) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(readFileSync(file, 'utf8'));
  const broken = results.testResults.filter(
    (one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = results.numFailedTests + broken.length;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

async function pytest(scratch) {
  const started = Date.now();
  const file = join(scratch, 'pytest.xml');
  const { code } = await run([python, '-m', 'pytest', '-q', '--no-header', `--junitxml=${file}`, '-p', 'no:cacheprovider'], {
    cwd: worker,
    show: true,
  });
  return report('tests (pytest)', countPytest(file, code), started);
}

function countPytest(file, code) {
  const suite = existsSync(file) ? /<testsuite [^>]*>/.exec(readFileSync(file, 'utf8'))?.[0] : undefined;
  if (suite === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const attribute = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = attribute('failures') + attribute('errors');
  const skipped = attribute('skipped');
  return { passed: attribute('tests') - failed - skipped, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), 'judo-tests-'));
  mkdirSync(home, { recursive: true });
  const suites = options.slow
    ? [{ name: 'vitest', run: () => vitest(scratch) }]
    : [
        ...CHECKS.map((one) => ({ name: one.name, run: () => check(one) })),
        { name: 'vitest', run: () => vitest(scratch) },
        { name: 'pytest', run: () => pytest(scratch) },
      ];
  const wanted = options.only?.split(',');
  const results = [];
  for (const suite of suites) if (!wanted || wanted.some((name) => suite.name.includes(name))) results.push(await suite.run());
  rmSync(scratch, { recursive: true, force: true });
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  process.exitCode = sum('failed') === 0 && results.length > 0 ? 0 : 1;
}

await main();
