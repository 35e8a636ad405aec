import { Command } from 'commander';

export function cancelCommand(): Command {
  return new Command('cancel')
    .description('Cancel a run: training writes a checkpoint and ends; what is done stays done')
    .argument('<run>', "a run's whole name")
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ judo cancel NAME --yes')
    .action(async (run: string, options: { yes?: boolean }) => {
      const { cancelRun } = await import('../cancel-run.js');
      await cancelRun(run, options.yes === true);
    });
}
