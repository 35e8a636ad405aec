import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkoutRoot } from '../../infra/checkout.js';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled command, as a user meets it, in an environment that holds only what it is given: no credential, no server, no colour. */
export function judoIn(home: string, given: Record<string, string> = {}) {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, JUDO_HOME: home, TEMPORAL_CONFIG_FILE: join(home, 'none.toml'), ...given };
  return (...words: string[]): Promise<Answer> => judo(words, env);
}

function judo(words: readonly string[], env: Record<string, string>): Promise<Answer> {
  const child = spawn(process.execPath, [join(checkoutRoot(), 'dist', 'cli', 'bin.js'), ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/** What `-o json` printed: one line that is one document. */
export function documentOf({ stdout, stderr }: Answer): Record<string, unknown> {
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== 1) throw new Error(`expected one line of JSON, got ${JSON.stringify(stdout)}; stderr: ${stderr}`);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}
