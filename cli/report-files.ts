import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSweep, splitLabel } from '../activities/stage/plan-store.js';
import type { RunStatus } from '../contracts/run.js';
import { reportDirectory, type ReportFiles } from './report-directory.js';
import type { Session } from './session.js';

/** Puts the report of a run under JUDO_HOME/reports/<run>/ and says where; null when the run has none yet. */
export async function fetchReport(session: Session, status: RunStatus): Promise<ReportFiles | null> {
  // In a sweep (`variant/report`) no variant's report is the run's.
  const digest = status.stages.find(({ stage, kind }) => kind === 'report' && splitLabel(stage).variant === null)?.artifacts['report'];
  if (digest === undefined) return null;
  const { artifacts } = await session.stores();
  const directory = reportDirectory(session, status.run);
  await mkdir(directory, { recursive: true });
  const manifest = await artifacts.manifest(digest);
  for (const { path } of manifest.entries) await writeFile(join(directory, path), await artifacts.readFile(digest, path));
  const summary: unknown = JSON.parse((await artifacts.readFile(digest, 'summary.json')).toString('utf8'));
  return { html: join(directory, 'report.html'), csv: join(directory, 'table.csv'), summary };
}

/** The report of a run that stands still: its own, or for one that failed, was cancelled or is blocked, a partial one. */
export async function settledReport(session: Session, status: RunStatus): Promise<{ files: ReportFiles; partial: boolean } | null> {
  const whole = await fetchReport(session, status);
  if (whole !== null) return { files: whole, partial: false };
  if (status.state === 'completed' || status.state === 'running') return null;
  // A sweep's table is its report: judo sweep show.
  const { plans } = await session.stores();
  if (isSweep(await plans.read(status.plan))) return null;
  const { writePartialReport } = await import('./partial-report.js');
  return { files: await writePartialReport(session, status), partial: true };
}
