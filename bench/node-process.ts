import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { checkoutRoot } from '../infra/checkout.js';

/** Runs a script of this build as a process of its own and gives its stdout. Throws what it said if it fails. */
export async function runNode(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [join(checkoutRoot(), 'dist', script), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return stdout;
}

/** The `judo` command, as a person starts it. */
export const judo = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> =>
  runNode('cli/bin.js', args, env);
