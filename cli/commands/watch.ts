import { Command } from 'commander';

export function watchCommand(): Command {
  return new Command('watch')
    .description('Follow a run until it ends; Ctrl-C leaves it running')
    .argument('<run>')
    .option('-o, --output <format>', 'json: one document when the run has ended')
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText('after', '\nExamples:\n  $ judo watch NAME\n  $ judo watch NAME --no-progress')
    .action(async (run: string, options: { output?: string; progress?: boolean }) => {
      const [{ openSession }, { followRun }] = await Promise.all([import('../session.js'), import('../follow-run.js')]);
      process.exitCode = await followRun(await openSession(), run, options);
    });
}
