import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../checkout.js';

/** Names the compiled code: when set-up built it. Workers that run another build are restarted by `judo up`. */
export function buildId(): string {
  try {
    return statSync(join(checkoutRoot(), 'dist', '.built')).mtime.toISOString();
  } catch {
    return 'unknown';
  }
}
