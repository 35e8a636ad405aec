import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConformanceCase } from './case-file.js';
import type { Outcome } from './outcome.js';

/** The Python side could not be run; no case can be judged. */
export class PythonError extends Error {
  override readonly name = 'PythonError';
}

/** Runs all cases through `python -m judo_gpu.conformance`, one process. Throws PythonError where it fails, with its stderr. */
export async function runPython(root: string, cases: readonly ConformanceCase[]): Promise<Outcome[]> {
  const python = pythonPath(root);
  const child = spawn(python, ['-m', 'judo_gpu.conformance'], {
    env: { ...process.env, PYTHONPATH: join(root, 'gpu-worker', 'src') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  child.stdin.on('error', () => undefined); // a child that dies early is told by its exit code
  child.stdin.end(JSON.stringify({ cases: cases.map(({ suite, profile, input }) => ({ suite, profile, input })) }));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]).catch((cause: Error) => {
    throw new PythonError(`cannot run ${python}: ${cause.message}: run ./judo doctor, or set JUDO_PYTHON`, { cause });
  });
  if (code !== 0) throw new PythonError(`${python} -m judo_gpu.conformance ended with ${code}:\n${stderr.trim()}`);
  return (JSON.parse(stdout) as { results: Outcome[] }).results;
}

/** JUDO_PYTHON, or the environment that the set-up makes, or the machine's Python: the rewards need no package. */
function pythonPath(root: string): string {
  if (process.env['JUDO_PYTHON']) return process.env['JUDO_PYTHON'];
  const installed = join(resolve(root, process.env['JUDO_HOME'] ?? '.judo'), 'venv', 'bin', 'python');
  return existsSync(installed) ? installed : 'python3';
}
