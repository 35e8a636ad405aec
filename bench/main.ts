import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchFanOut, benchIndex, benchOutline } from './local.js';
import { benchPipeline } from './pipeline.js';
import { benchPlanning } from './planning.js';
import { benchRecovery } from './recovery.js';
import type { BenchResult } from './result.js';
import { startServers } from './servers.js';
import { benchSweepPlanning } from './sweep-planning.js';
import { table } from './table.js';
import { benchThroughput } from './throughput.js';
import { withWorkers } from './workers.js';

/** `npm run bench [-- --json FILE]`: everything side by side in one run; prints the table. An aim that is missed is told, not an error. */
const { values } = parseArgs({ options: { json: { type: 'string' } } });
const results: BenchResult[] = [];
const measure = async (what: string, bench: () => Promise<readonly BenchResult[]>) => {
  process.stderr.write(`bench: ${what}\n`);
  results.push(...(await bench()));
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const servers = await startServers();
try {
  await withWorkers(servers, async (workers) => {
    await measure('one run', () => benchPipeline(workers));
    await measure('runs at once', async () => [await benchThroughput(workers)]);
  });
  await measure('recovery', async () => [await benchRecovery(servers)]);
  await measure('plans of thousands', async () => [...(await benchPlanning(servers)), await benchSweepPlanning()]);
  await measure('local work', async () => [
    await benchFanOut(),
    await benchOutline(servers.directory),
    await benchIndex(servers.directory),
  ]);
} finally {
  await servers.stop();
}
process.stdout.write(`${table(results)}\n`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
