import { Command } from 'commander';
import { outputOption } from './options.js';

export function reportCommand(): Command {
  return new Command('report')
    .description("Fetch a run's report and print its path; of a run that is not done, write a partial one")
    .argument('<run>', "a run's name, or its beginning")
    .option('--open', 'open it in the browser')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo report NAME\n  $ judo report NAME --open')
    .action(async (word: string, options: { open?: boolean; output?: string }) => {
      const { getReport } = await import('../get-report.js');
      await getReport(word, options);
    });
}
