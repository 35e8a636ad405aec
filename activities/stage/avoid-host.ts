import type { Info } from '@temporalio/activity';
import { StageError } from '../../contracts/failure.js';
import type { Hosts } from '../../contracts/ports/hosts.js';
import type { StageProgress } from '../../contracts/run.js';

/** A host that gets the stage back at once does it after all: better here than not. */
const LEAVE_AT_MOST = 1;
/** Until then another host has asked. */
const COME_BACK_MS = 1_000;

/**
 * Why this host leaves a stage to another: its last attempt failed here, which may be this machine's fault, and there is another,
 * and attempts are left. Null where it takes the stage.
 */
export async function reasonToLeave(
  hosts: Hosts,
  { attempt, retryPolicy }: Pick<Info, 'attempt' | 'retryPolicy'>,
  { failedOn, left = 0 }: StageProgress,
): Promise<StageError | null> {
  const isLast = attempt + 1 >= (retryPolicy?.maximumAttempts ?? Infinity);
  if (failedOn !== hosts.here || left >= LEAVE_AT_MOST || isLast) return null;
  // Who does not answer names nobody.
  const others = await hosts.others().catch(() => []);
  if (others.length === 0) return null;
  const message = `the last attempt failed on ${hosts.here}: left to ${others.join(' or ')}`;
  return new StageError({ type: 'Transient', message }, { retryAfterMs: COME_BACK_MS });
}
