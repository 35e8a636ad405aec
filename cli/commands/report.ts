import { Command } from 'commander';

export function reportCommand(): Command {
  return new Command('report')
    .description("Fetch a run's report and print its path")
    .argument('<run>')
    .option('--open', 'open it in the browser')
    .addHelpText('after', '\nExamples:\n  $ judo report NAME\n  $ judo report NAME --open')
    .action(async (run: string, options: { open?: boolean }) => {
      const [{ openSession }, { runStatus }, { fetchReport }, { CliError, EXIT }] = await Promise.all([
        import('../session.js'),
        import('../run-view.js'),
        import('../report-files.js'),
        import('../exit-codes.js'),
      ]);
      const session = await openSession();
      const report = await fetchReport(session, await runStatus(session, run));
      if (report === null) throw new CliError(EXIT.notFound, `run ${run} has no report yet`, `judo show ${run} says how far it is`);
      process.stdout.write(`${report.html}\n`);
      if (options.open === true) {
        const { spawn } = await import('node:child_process');
        spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [report.html], { detached: true, stdio: 'ignore' })
          .on('error', () => process.stderr.write('no browser found: open the path above\n'))
          .unref();
      }
    });
}
