import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findVersitygw } from '../../infra/s3-server.js';
import { temporalBinary } from '../../infra/stack/temporal-server.js';
import type { Check, Verdict } from './check.js';

const run = promisify(execFile);
const REPEAT_SETUP = 'judo doctor --fix (repeats the set-up)';
const GIB = 1024 ** 3;
/** Below the first a run may end in a full disk; below the second even a tiny one does. */
const DISK_WARN_GIB = 10;
const DISK_FAIL_GIB = 1;

/** Checks of this machine: what is installed, and room to work in. None needs a server. */
export function machineChecks(home: string): Check[] {
  const python = join(home, 'venv', 'bin', 'python');
  return [
    { name: 'node', remedy: 'install Node.js 20.19 or newer', look: async () => nodeVersion(process.versions.node) },
    {
      name: 'python',
      remedy: REPEAT_SETUP,
      look: async () => ({ ok: `${(await run(python, ['--version'])).stdout.trim()} in ${join(home, 'venv')}` }),
    },
    { name: 'python packages', remedy: REPEAT_SETUP, look: () => pythonPackages(python) },
    {
      name: 'temporal binary',
      remedy: REPEAT_SETUP,
      look: async () => {
        const { binary, serverVersion } = temporalBinary(home);
        return { ok: `server ${serverVersion} (${binary})` };
      },
    },
    {
      name: 's3 binary',
      remedy: REPEAT_SETUP,
      look: async () => {
        const binary = await findVersitygw();
        return binary === null ? { fail: 'no versitygw 1.8 or newer on PATH nor in the cache' } : { ok: binary };
      },
    },
    {
      name: 'disk',
      remedy: 'free space, or set JUDO_HOME to a larger disk; `judo artifacts gc` drops what no run needs',
      look: () => disk(home),
    },
    { name: 'gpu', remedy: 'nvidia-smi says what is wrong with the driver', look: gpu },
  ];
}

/** Node's version against `engines`. */
export function nodeVersion(version: string): Verdict {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return fits ? { ok: version } : { fail: `${version} is older than 20.19` };
}

/** Imports what every trainer needs: an interrupted installation shows here, not in the third hour. */
async function pythonPackages(python: string): Promise<Verdict> {
  const script = [
    'import torch, importlib.metadata as m',
    "names = ['torch', 'transformers', 'trl', 'accelerate', 'datasets']",
    "print(', '.join(f'{n} {m.version(n)}' for n in names))",
  ].join('\n');
  const { stdout } = await run(python, ['-c', script]);
  return { ok: stdout.trim() };
}

async function disk(home: string): Promise<Verdict> {
  const { bavail, bsize } = await statfs(home);
  const free = (bavail * bsize) / GIB;
  const detail = `${free.toFixed(1)} GiB free at ${home}`;
  if (free < DISK_FAIL_GIB) return { fail: detail };
  return free < DISK_WARN_GIB ? { warn: detail } : { ok: detail };
}

async function gpu(): Promise<Verdict> {
  try {
    const { stdout } = await run('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader']);
    return { ok: stdout.trim().split('\n').join('; ') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { ok: 'none; jobs run on the CPU' };
    return { warn: `nvidia-smi fails: ${error instanceof Error ? error.message : String(error)}` };
  }
}
