import { Command, Option } from 'commander';
import { EXIT } from '../exit-codes.js';
import { withRecipeOptions, type RunOptions } from './run.js';
import { outputOption } from './options.js';

export function planCommand(): Command {
  return withRecipeOptions(
    new Command('plan').description('Show every stage of a recipe: done or will run, and why').argument('<recipe>', 'a recipe file'),
  )
    .addOption(new Option('-f, --format <format>', 'how to print it').choices(['table', 'mermaid', 'json']).default('table'))
    .addOption(outputOption('json: the same as --format json'))
    .option('--exit-code', 'end with 10 when there is work')
    .addHelpText(
      'after',
      `
Examples:
  $ judo plan recipes/judo-tiny.yaml --data ../shared/data/pcb-mini
  $ judo plan recipes/judo.yaml -s grpo.beta=0.02 --exit-code`,
    )
    .action(async (recipe: string, options: RunOptions & { format: string; exitCode?: boolean }) => {
      const [{ planRecipe }, { renderPlan }] = await Promise.all([import('../plan-recipe.js'), import('../render/plan-table.js')]);
      const rows = await planRecipe(recipe, options);
      process.stdout.write(renderPlan(rows, options.output === 'json' ? 'json' : options.format, process.stdout));
      if (options.exitCode === true && rows.some((row) => row.state !== 'done')) process.exitCode = EXIT.hasWork;
    });
}
