import { Command } from 'commander';
import { outputOption } from './options.js';

export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('Start the stack, draw the demo plant, run every stage of JUDO on it, show the table')
    .addOption(outputOption('json: one document at the end'))
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText('after', '\nExamples:\n  $ judo quickstart\n  $ judo quickstart -o json')
    .action(async (options: { output?: string; progress?: boolean }) => {
      const { quickstart } = await import('../quickstart.js');
      process.exitCode = await quickstart(options);
    });
}
