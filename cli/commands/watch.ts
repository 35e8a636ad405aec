import { Command } from 'commander';
import { outputOption } from './options.js';

export function watchCommand(): Command {
  return new Command('watch')
    .description('Follow a run until it ends; Ctrl-C leaves it running')
    .argument('<run>')
    .addOption(outputOption('json: one document when the run has ended'))
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText('after', '\nExamples:\n  $ judo watch NAME\n  $ judo watch NAME --no-progress')
    .action(async (word: string, options: { output?: string; progress?: boolean }) => {
      const [{ openSession }, { findRun }, { followRun }] = await Promise.all([
        import('../session.js'),
        import('../find-run.js'),
        import('../follow-run.js'),
      ]);
      const session = await openSession();
      process.exitCode = await followRun(session, await findRun(session, word), options);
    });
}
