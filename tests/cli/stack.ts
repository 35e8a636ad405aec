import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { judoHome } from '../../infra/checkout.js';
import { readStackState } from '../../infra/stack/state.js';
import { documentOf, judoIn, type Answer } from './judo.js';

/** A stack of its own for one test file: servers and the workers that need no GPU, and a demo plant with a recipe of cheap stages. */
export interface CliStack {
  readonly home: string;
  readonly recipe: string;
  readonly plant: string;
  /** `judo` of this home; `given` adds to its environment. */
  judo(given?: Record<string, string>): (...words: string[]) => Promise<Answer>;
  /** What `up` said: addresses. */
  readonly addresses: { readonly temporal: string; readonly s3: string };
  stop(): Promise<void>;
}

export async function startCliStack(): Promise<CliStack> {
  const home = mkdtempSync(join(tmpdir(), 'judo-cli-'));
  symlinkSync(join(judoHome(), 'servers'), join(home, 'servers'));
  // The S3 server's binary is kept in the user's cache.
  const base = { JUDO_STACK_PROCESSES: 'workers', HOME: homedir() };
  const judo = judoIn(home, base);
  const plant = join(home, 'plant');
  const [up, demo] = await Promise.all([
    judo('up', '-o', 'json'),
    judo('data', 'demo', plant, '--images', '12', '--size', '96', '--seed', '5'),
  ]);
  if (up.code !== 0 || demo.code !== 0) throw new Error(`the stack or the plant failed: ${up.stderr}${demo.stderr}`);
  const { stack } = documentOf(up) as { stack: { temporal: { address: string }; s3: { endpoint: string } } };
  const recipe = join(home, 'cheap.yaml');
  writeFileSync(
    recipe,
    `schema: 1
model: tiny
data: { root: ./plant }
teacher: { model: rehearsal }
stages:
  seg-jux-data: { imagesPerDefect: 1, normalsPerClass: 1 }
  dom-inj-data: { pairsPerSnippet: 1, paraphrasesPerPair: 1 }
  report: {}
`,
  );
  return {
    home,
    recipe,
    plant,
    judo: (given = {}) => judoIn(home, { ...base, ...given }),
    addresses: { temporal: stack.temporal.address, s3: stack.s3.endpoint },
    async stop() {
      await judo('down');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The process that runs the workers of a home's stack. */
export function workersOf(home: string): number {
  const pid = readStackState(home)?.processes.find(({ name }) => name === 'workers')?.pid;
  if (pid === undefined || pid === null) throw new Error(`no workers in the stack of ${home}`);
  return pid;
}
