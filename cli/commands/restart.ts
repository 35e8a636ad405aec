import { Command } from 'commander';
import { collect } from './run.js';
import { outputOption } from './options.js';

export interface RestartOptions {
  readonly set: string[];
  readonly force: string[];
  readonly from?: string;
  readonly name?: string;
  readonly detach?: boolean;
  readonly output?: string;
  readonly progress?: boolean;
}

export function restartCommand(): Command {
  return new Command('restart')
    .description('A new run of an earlier one, also of one that Temporal has forgotten: what is done is reused')
    .argument('<run>')
    .option('--from <stage>', 'run this stage and everything that depends on it again')
    .option('--force <stage>', 'run this stage again, and what depends on it where its output differs (repeatable)', collect, [])
    .option('-s, --set <key=value>', 'change a parameter, for instance -s grpo.beta=0.02 (repeatable)', collect, [])
    .option('--name <name>', 'name of the new run')
    .option('--detach', 'start it and return at once')
    .addOption(outputOption('json: one document when the run has ended'))
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText(
      'after',
      '\nExamples:\n  $ judo restart NAME\n  $ judo restart NAME --from golden-reasoning\n  $ judo restart NAME -s grpo.beta=0.02',
    )
    .action(async (run: string, options: RestartOptions) => {
      const [{ openSession }, { restartRun }] = await Promise.all([import('../session.js'), import('../restart-run.js')]);
      process.exitCode = await restartRun(await openSession(), run, options);
    });
}
