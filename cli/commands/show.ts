import { Command } from 'commander';
import { outputOption } from './options.js';

export function showCommand(): Command {
  return new Command('show')
    .description('Show a run: every stage, its state, its artifacts, what failed')
    .argument('<run>')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo show NAME\n  $ judo show NAME -o json')
    .action(async (word: string, options: { output?: string }) => {
      const [{ openSession }, { findRun }, { knownStatus }, view, { renderBoard, renderDecisions, renderFailures }, { fetchReport }] =
        await Promise.all([
          import('../session.js'),
          import('../find-run.js'),
          import('../known-status.js'),
          import('../run-view.js'),
          import('../render/board.js'),
          import('../report-files.js'),
        ]);
      const session = await openSession();
      const status = await knownStatus(session, await findRun(session, word));
      const report = await fetchReport(session, status);
      if (options.output === 'json') {
        process.stdout.write(`${JSON.stringify(view.runDocument(status, report?.html ?? null, report?.csv ?? null))}\n`);
        return;
      }
      const stages = await Promise.all(status.stages.map(async (stage) => ({ ...stage, now: await view.stageProgress(session, stage) })));
      process.stdout.write(renderBoard(status, stages, process.stdout));
      process.stdout.write(renderFailures(status, process.stdout));
      process.stdout.write(renderDecisions(status));
      for (const stage of status.stages)
        for (const [name, digest] of Object.entries(stage.artifacts)) process.stdout.write(`${stage.stage}.${name}  ${digest}\n`);
      if (report !== null) process.stdout.write(`report: ${report.html}\n`);
    });
}
