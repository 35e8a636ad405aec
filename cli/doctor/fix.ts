import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkoutRoot } from '../../infra/checkout.js';
import { externalServers, loadSettings } from '../../infra/settings.js';
import { startStack } from '../../infra/stack/start-stack.js';
import { createSearchAttributes, temporalBinary } from '../../infra/stack/temporal-server.js';

/** Does what mends most: repeats the set-up, starts the stack, creates search attributes. Says each step; safe to repeat. */
export async function fix(home: string, say: (line: string) => void): Promise<void> {
  say('repeating the set-up');
  const setup = spawnSync(process.execPath, [join(checkoutRoot(), 'infra', 'setup.mjs')], { stdio: ['ignore', 2, 2] });
  if (setup.status !== 0) throw new Error('the set-up failed; its last lines are above');
  const elsewhere = externalServers();
  if (!(elsewhere.temporal && elsewhere.s3)) {
    say('starting the stack');
    await startStack(home);
  }
  const { address, namespace } = loadSettings().temporal;
  say(`creating search attributes at ${address}, namespace ${namespace}`);
  await createSearchAttributes(temporalBinary(home).binary, address, namespace);
}
