import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeAbandonedScratch } from '../../workers/abandoned-scratch.js';
import { temporaryFolder } from '../artifacts/temporary-folders.js';

test('what a killed attempt left goes; what a living process works at, and what is no attempt, stays', async () => {
  const scratch = await temporaryFolder();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  for (const name of [`attempt-1-${dead}`, `attempt-2-${process.pid}`, 'notes']) {
    mkdirSync(join(scratch, 'key', name, 'policy'), { recursive: true });
    writeFileSync(join(scratch, 'key', name, 'policy', 'weights'), 'half');
  }
  await removeAbandonedScratch(scratch);
  expect(readdirSync(join(scratch, 'key'))).toEqual([`attempt-2-${process.pid}`, 'notes']);
  await removeAbandonedScratch(join(scratch, 'nothing here'));
});
