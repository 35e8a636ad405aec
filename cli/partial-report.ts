import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partialReport } from '../activities/report/partial-report.js';
import { writeReportFiles } from '../activities/report/write-report.js';
import { isSweep } from '../activities/stage/plan-store.js';
import { createSharpCodec } from '../adapters/image-codec/sharp.js';
import type { RunStatus } from '../contracts/run.js';
import { CliError, EXIT } from './exit-codes.js';
import { reportDirectory, type ReportFiles } from './report-directory.js';
import type { Session } from './session.js';

/** The report of a run whose report stage has not run, written to this machine; the report stage's own takes its place later. */
export async function writePartialReport(session: Session, status: RunStatus): Promise<ReportFiles> {
  const { artifacts, plans } = await session.stores();
  const plan = await plans.read(status.plan);
  if (isSweep(plan))
    throw new CliError(EXIT.usage, `run ${status.run} is a sweep: its table is its report`, `judo sweep show ${status.run}`);
  const report = await partialReport({ plan, status }, { artifacts, codec: createSharpCodec() });
  const directory = reportDirectory(session, status.run);
  await mkdir(directory, { recursive: true });
  await writeReportFiles(report, directory);
  return { html: join(directory, 'report.html'), csv: join(directory, 'table.csv'), summary: report.summary };
}
