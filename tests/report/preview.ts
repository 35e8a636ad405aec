import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gatherReport } from '../../activities/report/gather-report.js';
import { renderReport } from '../../activities/report/render-report.js';
import { writeReportFiles } from '../../activities/report/write-report.js';
import { codec, drawBenchmark, exampleRun } from './example-run.js';

/** For a person who changes the page, after a build: `node dist/tests/report/preview.js OUT [DATA]` writes the example report to OUT. */
const [out = '/tmp/report-preview', data] = process.argv.slice(2);
await mkdir(out, { recursive: true });
const root = data === undefined ? await drawBenchmark(resolve(out, 'data')) : resolve(data);
await writeReportFiles(renderReport(await gatherReport(await exampleRun(resolve(out, 'run'), root), codec)), out);
process.stdout.write(`${resolve(out, 'report.html')}\n`);
