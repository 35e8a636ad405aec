import { externalServers } from '../../infra/settings.js';
import { runningStack } from '../../infra/stack/start-stack.js';
import type { Check, Verdict } from './check.js';

/** The one-machine stack: its supervisor runs, and every part of it is healthy. */
export function stackChecks(home: string): Check[] {
  return [{ name: 'stack', remedy: 'judo up', look: async () => stack(home) }];
}

function stack(home: string): Verdict {
  const state = runningStack(home);
  const { temporal, s3 } = externalServers();
  if (state === null)
    return temporal && s3 ? { ok: 'not used: the servers are configured elsewhere' } : { fail: `not running for ${home}` };
  const broken = state.processes.filter((process) => process.state !== 'healthy');
  if (broken.length > 0) {
    const parts = broken.map((process) => `${process.name} is ${process.state} (${process.restarts} restarts, log ${process.log})`);
    return { fail: parts.join('; '), remedy: 'read its log; `judo down && judo up` starts anew' };
  }
  const restarted = state.processes
    .filter((process) => process.restarts > 0)
    .map((process) => `${process.name} restarted ${process.restarts}x`);
  return { ok: [`${state.processes.length} processes healthy`, ...restarted].join(', ') };
}
