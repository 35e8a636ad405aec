import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../checkout.js';

/** Names the compiled code, as set-up does. Workers that run another build are restarted by `judo up`. */
export function buildId(): string {
  try {
    return readFileSync(join(checkoutRoot(), 'dist', '.built'), 'utf8').slice(0, 12);
  } catch {
    return 'unknown';
  }
}
