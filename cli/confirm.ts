import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './exit-codes.js';

/** Asks on a terminal; without one, only `--yes` goes through. Nothing ever hangs waiting for input. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new CliError(EXIT.usage, `${question} there is no terminal to ask on`, 'pass --yes');
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await line.question(`${question} [y/N] `);
  line.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT.interrupted, 'nothing was done');
}
