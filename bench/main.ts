import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { columns } from '../cli/render/terminal.js';
import { benchFanOut, benchIndex, benchOutline } from './local.js';
import { benchPipeline } from './pipeline.js';
import { benchSweepPlanning } from './sweep-planning.js';
import { startServers } from './servers.js';

/** `npm run bench [-- --json FILE]`: everything side by side in one run; prints the table. An aim that is missed is told, not an error. */
const { values } = parseArgs({ options: { json: { type: 'string' } } });
const servers = await startServers();
try {
  const results = [
    ...(await benchPipeline(servers)),
    await benchFanOut(),
    await benchOutline(servers.directory),
    await benchIndex(servers.directory),
    await benchSweepPlanning(),
  ];
  const figure = (value: number | null) => (value === null ? '-' : value.toFixed(value < 100 ? 1 : 0));
  const rows = results.map((row) => [
    row.name,
    figure(row.ours),
    figure(row.baseline),
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    row.aim,
    row.met ? 'met' : 'MISSED',
  ]);
  process.stdout.write(`${columns([['WHAT', 'OURS ms', 'BASELINE ms', 'RATIO', 'AIM', ''], ...rows])}\n`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await servers.stop();
}
process.exit(0);
