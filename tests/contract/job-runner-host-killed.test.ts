import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gone } from './process-gone.js';

const root = join(import.meta.dirname, '..', '..');
const scripts = join(import.meta.dirname, 'job-scripts');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'judo-host-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a host killed with SIGKILL takes its job with it, also processes in a session of their own', async () => {
  // Compiled apart, because the checkout's own build may be stale.
  const built = join(directory, 'built');
  await mkdir(built);
  await writeFile(join(built, 'package.json'), '{"type": "module"}');
  await symlink(join(root, 'node_modules'), join(built, 'node_modules'));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = '--target ES2023 --module NodeNext --types node --skipLibCheck --ignoreConfig'.split(' ');
  await promisify(execFile)(process.execPath, [tsc, ...flags, '--rootDir', root, '--outDir', built, join(scripts, 'host.ts')], {
    cwd: root,
  });
  await writeFile(join(directory, 'job.json'), JSON.stringify({ life: 'deaf' }));
  const host = spawn(
    process.execPath,
    [
      join(built, 'tests', 'contract', 'job-scripts', 'host.js'),
      ...['job.json', 'log', 'stop'].map((name) => join(directory, name)),
      scripts,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let grandchild = 0;
  for await (const line of createInterface({ input: host.stdout })) {
    grandchild = Number(/child (\d+)/.exec(line)?.[1] ?? 0);
    if (grandchild !== 0) break;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(grandchild)]);
  const trainer = Number(stdout);
  host.kill('SIGKILL');
  await once(host, 'exit');
  await gone(trainer);
  await gone(grandchild);
  expect([trainer, grandchild].every((pid) => pid > 1)).toBe(true);
}, 60_000);
