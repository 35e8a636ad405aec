import { hostname, userInfo } from 'node:os';
import type { Signature } from '../workflows/messages.js';

/** Who gives an order, for the run's record. */
export function signature(reason: string | undefined): Signature {
  return { by: `${userInfo().username}@${hostname()}`, reason: reason ?? null };
}
