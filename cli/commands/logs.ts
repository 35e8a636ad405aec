import { Command } from 'commander';

export function logsCommand(): Command {
  return new Command('logs')
    .description('Print the logs of a run, or of one stage')
    .argument('<run>')
    .argument('[stage]')
    .option('-f, --follow', 'go on while the stage runs')
    .addHelpText('after', '\nExamples:\n  $ judo logs NAME seg-jux\n  $ judo logs NAME grpo -f')
    .action(async (word: string, stage: string | undefined, options: { follow?: boolean }) => {
      const [{ openSession }, { findRun }, { printLogs }] = await Promise.all([
        import('../session.js'),
        import('../find-run.js'),
        import('../print-logs.js'),
      ]);
      const session = await openSession();
      await printLogs(session, await findRun(session, word), stage, options.follow === true);
    });
}
