import { Command } from 'commander';
import { outputOption } from './options.js';

export interface RunOptions {
  readonly data?: string;
  readonly set: string[];
  readonly until?: string;
  readonly name?: string;
  readonly detach?: boolean;
  readonly force: string[];
  readonly runIdFile?: string;
  readonly output?: string;
  readonly progress?: boolean;
}

/** Collects a repeatable option's values. */
export const collect = (value: string, all: string[]): string[] => [...all, value];

/** The options that `run` and `plan` share: which recipe, on what data, changed how. */
export function withRecipeOptions(command: Command): Command {
  return command
    .option('-d, --data <path>', "the dataset's folder (overrides data.root)")
    .option('-s, --set <key=value>', 'change a value of the recipe, for instance -s grpo.beta=0.02 (repeatable)', collect, [])
    .option('--until <stage>', 'only this stage and what it needs')
    .option('--force <stage>', 'run this stage again although it is done (repeatable)', collect, []);
}

export function runCommand(): Command {
  return withRecipeOptions(
    new Command('run').description('Run a recipe: what is done is reused, what is not runs').argument('<recipe>', 'a recipe file'),
  )
    .option('--name <name>', 'name of the run (default: recipe name and time)')
    .option('--detach', 'start it and return at once')
    .option('--run-id-file <file>', 'write the run id to this file')
    .addOption(outputOption('json: one document when the run has ended'))
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText(
      'after',
      `
Examples:
  $ judo run recipes/judo-tiny.yaml --data ../shared/data/pcb-mini
  $ judo run recipes/judo.yaml -s seg-jux.epochs=4 --name short --detach
  $ judo run recipes/judo.yaml --until golden-reasoning`,
    )
    .action(async (recipe: string, options: RunOptions) => {
      const { runRecipe } = await import('../run-recipe.js');
      process.exitCode = await runRecipe(recipe, options);
    });
}
