import { spawn } from 'node:child_process';
import { findRun } from './find-run.js';
import { partialNote } from '../activities/report/partial-report.js';
import { writePartialReport } from './partial-report.js';
import { fetchReport } from './report-files.js';
import { knownStatus } from './known-status.js';
import { openSession } from './session.js';

/** `judo report`: the run's own report, else one of what is there, which says that it is partial. Prints the path. */
export async function getReport(word: string, options: { open?: boolean; output?: string }): Promise<void> {
  const session = await openSession();
  const run = await findRun(session, word);
  const status = await knownStatus(session, run);
  const whole = await fetchReport(session, status);
  const report = whole ?? (await writePartialReport(session, status));
  const partial = whole === null;
  if (partial) {
    const done = status.stages.filter(({ outcome }) => outcome === 'ran' || outcome === 'reused').length;
    process.stderr.write(`${partialNote(status, done)} judo show ${run} says more.\n`);
  }
  if (options.output === 'json') {
    const document = { schemaVersion: 1, run, state: status.state, partial, report: report.html, table: report.csv };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else process.stdout.write(`${report.html}\n`);
  if (options.open === true) openInBrowser(report.html);
}

function openInBrowser(file: string): void {
  spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [file], { detached: true, stdio: 'ignore' })
    .on('error', () => process.stderr.write('no browser found: open the path above\n'))
    .unref();
}
