/**
 * Set-up: makes a clean checkout able to run. No dependency but Node itself, because it runs before `npm ci`.
 * Every step looks whether its work is already done, is safe to interrupt and to repeat, and says how long it took.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const home = resolve(process.env.JUDO_HOME || join(root, '.judo'));
const at = (...parts) => join(root, ...parts);
const inHome = (...parts) => join(home, ...parts);
const say = (line) => process.stderr.write(`set-up: ${line}\n`);

class SetupError extends Error {}

/**
 * Holds the lock of this checkout and of this home while `main` runs; a second set-up waits, then finds all done.
 * The process that works holds the lock itself (--no-fork), so that it is held exactly as long as there is work.
 */
function runLocked() {
  const lock = at('.judo', 'setup.lock');
  mkdirSync(dirname(lock), { recursive: true });
  mkdirSync(home, { recursive: true });
  const again = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const nested = home === at('.judo') ? again : ['flock', '--no-fork', inHome('setup.lock'), ...again];
  const options = { stdio: 'inherit', env: { ...process.env, JUDO_SETUP_LOCKED: '1' } };
  let result = spawnSync('flock', ['-n', '-E', '99', '--no-fork', lock, ...nested], options);
  if (result.error) {
    say(`no flock(1) here, going on without a lock (${result.error.message})`);
    return main();
  }
  if (result.status === 99) {
    say('another set-up is running; waiting for it');
    result = spawnSync('flock', ['--no-fork', lock, ...nested], options);
  }
  process.exit(result.status ?? 1);
}

/** The machine's own trust store: npm, pip and uv bring theirs, which knows nothing of a company's proxy. */
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** What the children see: a HOME they can write to, pip's registry also for uv, and the machine's trust store. */
function childEnvironment() {
  const env = { ...process.env };
  if (existsSync(SYSTEM_CERTIFICATES)) {
    env.NODE_EXTRA_CA_CERTS ||= SYSTEM_CERTIFICATES;
    env.PIP_CERT ||= SYSTEM_CERTIFICATES;
    env.SSL_CERT_FILE ||= SYSTEM_CERTIFICATES;
  }
  if (!env.HOME) env.HOME = canUse(homedir()) ? homedir() : inHome('home');
  if (env.PIP_INDEX_URL && !env.UV_DEFAULT_INDEX && !env.UV_INDEX_URL) env.UV_DEFAULT_INDEX = env.PIP_INDEX_URL;
  env.PATH = [dirname(process.execPath), env.PATH].join(delimiter);
  env.JUDO_HOME = home;
  return env;
}

function canUse(directory) {
  try {
    return statSync(directory).isDirectory();
  } catch {
    return false;
  }
}

/** A step's command ends when set-up is killed: it must not go on beside the next set-up. */
const endWithParent = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];

/** Runs a command, its output in `logs/setup-<name>.log`; on failure the error carries the log's last lines. */
function run(name, command, args, options = {}) {
  const log = inHome('logs', `setup-${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const fd = openSync(log, options.append ? 'a' : 'w');
  return new Promise((done, fail) => {
    const [first, ...rest] = [...endWithParent, command, ...args];
    const child = spawn(first, rest, { cwd: root, env: childEnvironment(), stdio: ['ignore', fd, fd] });
    child.on('error', (error) => fail(new SetupError(`cannot start ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      closeSync(fd);
      if (code === 0) return done();
      const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n  ');
      fail(new SetupError(`\`${command} ${args.join(' ')}\` ended with ${signal ?? code}\n  ${tail}\n  whole log: ${log}`));
    });
  });
}

const sha256 = (...texts) => createHash('sha256').update(texts.join('\0')).digest('hex');
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** A step with a stamp: skipped while the stamp's content is what `stamp` says; the stamp is written last. */
async function step(title, { stampFile, stamp, done = () => true }, work) {
  if (read(stampFile) === stamp && done()) return;
  const started = Date.now();
  say(`${title} ...`);
  rmSync(stampFile, { force: true });
  await work();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  say(`${title}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** True when node_modules holds exactly what package-lock.json says (npm writes its hidden lock last). */
function nodePackagesAreInstalled() {
  if (!existsSync(at('node_modules', '.package-lock.json'))) return false;
  const wanted = JSON.parse(read(at('package-lock.json'))).packages;
  const installed = JSON.parse(read(at('node_modules', '.package-lock.json'))).packages;
  const same = (path) => installed[path]?.version === wanted[path].version && installed[path]?.integrity === wanted[path].integrity;
  const required = Object.keys(wanted).filter((path) => path !== '' && !wanted[path].optional);
  return required.every((path) => same(path) && existsSync(at(path))) && Object.keys(installed).every((path) => path in wanted);
}

async function installNodePackages() {
  const stamp = sha256(read(at('package-lock.json')), process.version);
  await step(
    'node packages (npm ci)',
    { stampFile: at('node_modules', '.judo-stamp'), stamp, done: () => existsSync(at('node_modules/.bin/tsc')) },
    async () => {
      if (!nodePackagesAreInstalled()) await run('npm', 'npm', ['ci', '--no-audit', '--no-fund']);
    },
  );
}

const SOURCE_ROOMS = ['contracts', 'workflows', 'activities', 'adapters', 'workers', 'cli', 'infra', 'bench', 'tests'];

/** Every source file, relative to the root. */
function sources() {
  const found = existsSync(at('temporal.config.ts')) ? ['temporal.config.ts'] : [];
  for (const room of SOURCE_ROOMS.filter((name) => existsSync(at(name)))) {
    for (const name of readdirSync(at(room), { recursive: true })) {
      if (name.endsWith('.ts') && !name.endsWith('.d.ts')) found.push(join(room, name));
    }
  }
  return found;
}

/** Makes a file whole or not at all. */
function writeWhole(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

/**
 * Compiles to dist/ what changed: an output carries its source's time. Types are checked by `npm test`, not here, which
 * makes a change cost milliseconds. Outputs whose source is gone go too. Returns the sources that were compiled.
 */
async function compile() {
  const { default: ts } = await import(pathToFileURL(at('node_modules/typescript/lib/typescript.js')).href);
  const { config } = ts.parseConfigFileTextToJson('tsconfig.json', read(at('tsconfig.json')));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const files = sources();
  const outputOf = (source) => at('dist', source.replace(/\.ts$/, '.js'));
  // One file at a time TypeScript cannot see package.json's "type": say ESM outright.
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  const settings = sha256(JSON.stringify(compilerOptions), ts.version);
  const isSame = read(at('dist', '.settings')) === settings;
  const changed = files.filter((file) => !isSame || Math.abs(mtime(outputOf(file)) - mtime(at(file))) > 1);
  for (const file of changed) {
    const time = statSync(at(file)).mtime;
    const { outputText, sourceMapText } = ts.transpileModule(read(at(file)), { compilerOptions, fileName: at(file) });
    const output = outputOf(file);
    const map = JSON.parse(sourceMapText);
    writeWhole(`${output}.map`, JSON.stringify({ ...map, sources: [relative(dirname(output), at(file))] }));
    writeWhole(output, outputText);
    utimesSync(output, time, time);
  }
  const wanted = new Set(files.map(outputOf));
  for (const room of SOURCE_ROOMS.filter((name) => existsSync(at('dist', name)))) {
    for (const name of readdirSync(at('dist', room), { recursive: true })) {
      const output = at('dist', room, name.replace(/\.map$/, ''));
      if (output.endsWith('.js') && !wanted.has(output)) rmSync(at('dist', room, name), { force: true });
    }
  }
  writeWhole(at('dist', '.settings'), settings);
  return changed;
}

/** Whole milliseconds; setting a time keeps them up to a rounding. */
function mtime(file) {
  return existsSync(file) ? Math.trunc(statSync(file).mtimeMs) : 0;
}

/** Whether a change of this file can change the workflow bundle. */
const isOfWorkflows = (file) => /^(contracts|workflows)\/|^temporal\.config\.ts$|^infra\/build-workflow-bundle\.ts$/.test(file);

/** Names a state of the sources by their names and times. */
const stateOf = (files) => sha256(...files.toSorted().map((file) => `${file} ${mtime(at(file))}`));

/** Compiles, then bundles the workflows where they changed. `.built` names the code: `judo up` restarts workers that run another. */
async function build() {
  const started = Date.now();
  const changed = await compile();
  const workflows = stateOf(sources().filter(isOfWorkflows));
  if (read(at('dist', '.bundled')) !== workflows || !existsSync(at('dist', 'workflow-bundle.js'))) {
    await run('bundle', process.execPath, [at('dist/infra/build-workflow-bundle.js')]);
    writeWhole(at('dist', '.bundled'), workflows);
  }
  const code = stateOf(sources());
  if (read(at('dist', '.built')) !== code) writeWhole(at('dist', '.built'), code);
  writeWhole(at('dist', '.checked'), '');
  utimesSync(at('dist', '.checked'), started / 1000, started / 1000);
  if (changed.length > 0) say(`compiled ${changed.length} files: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** The Python to build on: 3.11 is what the lock was made for; 3.12 and 3.13 are taken where there is no other. */
function findPython() {
  const probe = 'import sys, venv, ensurepip; print(sys.executable); sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))';
  for (const name of ['python3.11', 'python3', 'python3.12', 'python3.13']) {
    const result = spawnSync(name, ['-c', probe], { encoding: 'utf8' });
    if (result.status === 0) return result.stdout.trim();
  }
  throw new SetupError('no Python 3.11 with venv found. Install it: apt-get install python3 python3-venv');
}

const uv = inHome('uv', 'bin', 'uv');

async function installUv(python) {
  const lock = at('infra', 'uv.lock.txt');
  await step('uv', { stampFile: inHome('uv', '.judo-stamp'), stamp: sha256(read(lock)), done: () => existsSync(uv) }, async () => {
    await run('uv', python, ['-m', 'venv', '--clear', inHome('uv')]);
    await run(
      'uv',
      inHome('uv', 'bin', 'python'),
      ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--require-hashes', '-r', lock],
      { append: true },
    );
  });
}

/** A virtual environment that holds exactly a lock's packages. One that was interrupted is made anew. */
async function syncEnvironment(title, name, lock, probe, python) {
  const directory = inHome(name);
  const interrupted = inHome(`.${name}-unfinished`);
  const stamp = sha256(read(lock), python);
  await step(title, { stampFile: join(directory, '.judo-stamp'), stamp, done: () => existsSync(join(directory, probe)) }, async () => {
    if (existsSync(interrupted) || !existsSync(join(directory, 'bin', 'python'))) {
      await run(name, uv, ['venv', '--clear', '--no-python-downloads', '--python', python, directory]);
    }
    writeFileSync(interrupted, '');
    await run(name, uv, ['pip', 'sync', '--require-hashes', '--python', join(directory, 'bin', 'python'), lock], { append: true });
    rmSync(interrupted);
  });
}

async function installPython() {
  const python = findPython();
  await installUv(python);
  const servers = syncEnvironment('temporal server', 'servers', at('infra', 'servers.lock'), 'bin/temporal', python);
  const trainers = syncEnvironment('python packages (uv, 5 GB)', 'venv', at('gpu-worker', 'requirements.lock'), 'bin/python', python);
  await settle([servers, trainers]);
}

/** The S3 server needs dist/: it is found on PATH, in the user's cache, or built with Go. */
async function installS3Server() {
  const stamp = sha256(...['s3-server.ts', 'versitygw.ts', 'go.lock'].map((file) => read(at('infra', file))));
  // The binary is kept for the user, not for this home: it may be gone although the stamp is here.
  const isThere = () => existsSync(read(inHome('logs', 'setup-s3.log')).trimEnd().split('\n').at(-1));
  await step('s3 server (versitygw)', { stampFile: inHome('servers.s3'), stamp, done: isThere }, () =>
    run('s3', process.execPath, [at('dist/infra/install-s3-server.js')]),
  );
}

/** Waits for all, then throws the first failure: a failed part does not leave others running. */
async function settle(parts) {
  const results = await Promise.allSettled(parts);
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length > 0) throw failed.length === 1 ? failed[0].reason : new SetupError(failed.map((f) => f.reason.message).join('\n'));
}

async function main() {
  const started = Date.now();
  mkdirSync(home, { recursive: true });
  const compiled = installNodePackages().then(build);
  await settle([compiled, compiled.then(installS3Server, () => {}), installPython()]);
  writeFileSync(inHome('setup.stamp'), `${process.execPath}\n${root}\n`);
  say(`ready in ${((Date.now() - started) / 1000).toFixed(1)} s (${home})`);
}

if (!process.env.JUDO_SETUP_LOCKED) await runLocked();
else {
  main().catch((error) => {
    say(error instanceof SetupError ? `failed: ${error.message}\nset-up: run the same command again to go on from here` : error.stack);
    process.exit(1);
  });
}
