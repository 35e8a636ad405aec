import { Command } from 'commander';

export function cancelCommand(): Command {
  return new Command('cancel')
    .description('Cancel a run: training writes a checkpoint and ends; what is done stays done')
    .argument('<run>')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ judo cancel NAME --yes')
    .action(async (run: string, options: { yes?: boolean }) => {
      const [{ openSession }, { confirm }, { runWorkflowId }, { followRun }] = await Promise.all([
        import('../session.js'),
        import('../confirm.js'),
        import('../../workflows/messages.js'),
        import('../follow-run.js'),
      ]);
      await confirm(`cancel run ${run}?`, options.yes === true);
      const session = await openSession();
      const client = await session.temporal();
      await client.workflow.getHandle(runWorkflowId(run)).cancel();
      process.stderr.write('asked; waiting for its stages to checkpoint and end\n');
      await followRun(session, run, { progress: false });
      process.exitCode = 0;
    });
}
