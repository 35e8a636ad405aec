import { Command } from 'commander';
import type { RunSweepOptions } from '../sweep/run-sweep.js';
import { outputOption, positiveNumber } from './options.js';

/** `judo sweep`: one recipe in many variants, equal stages once. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Plan, run and compare variants of a recipe; equal stages run once')
    .addHelpText(
      'after',
      '\nExamples:\n  $ judo sweep plan recipes/table2.yaml\n  $ judo sweep run recipes/table2-tiny.yaml --data PATH\n  $ judo sweep show NAME',
    )
    .addCommand(planCommand())
    .addCommand(runCommand())
    .addCommand(showCommand())
    .addCommand(addCommand())
    .addCommand(cancelCommand());
}

const withData = (command: Command): Command => command.option('-d, --data <path>', "the dataset's folder (overrides data.root)");

function planCommand(): Command {
  return withData(new Command('plan').description('Show what each variant would run: done, will run, or shared with another'))
    .argument('<file>', 'a sweep file')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo sweep plan recipes/table2-tiny.yaml --data ../shared/data/pcb-mini')
    .action(async (file: string, options: { data?: string; output?: string }) => {
      const { planSweep } = await import('../sweep/plan-sweep.js');
      await planSweep(await session(), file, options);
    });
}

function runCommand(): Command {
  return withData(new Command('run').description('Run a sweep: the whole grid is checked first, what is done is reused'))
    .argument('<file>', 'a sweep file')
    .option('--name <name>', 'name of the run (default: sweep name and time)')
    .option('--parallel <n>', 'at most so many stages at once (overrides limits.parallel)', positiveNumber)
    .option('--detach', 'start it and return at once')
    .addOption(outputOption('json: one document when the sweep has ended'))
    .option('--no-progress', 'plain lines instead of the live view')
    .addHelpText('after', '\nExamples:\n  $ judo sweep run recipes/table2-tiny.yaml --data ../shared/data/pcb-mini --parallel 2')
    .action(async (file: string, options: RunSweepOptions) => {
      const { runSweep } = await import('../sweep/run-sweep.js');
      process.exitCode = await runSweep(await session(), file, options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description("Show a sweep's variants, stage by stage, and its results, best first")
    .argument('<run>')
    .addOption(outputOption())
    .option('--csv', 'the results as CSV')
    .addHelpText('after', '\nExamples:\n  $ judo sweep show NAME\n  $ judo sweep show NAME --csv')
    .action(async (word: string, options: { output?: string; csv?: boolean }) => {
      const { showSweep } = await import('../sweep/show-sweep.js');
      const open = await session();
      await showSweep(open, await find(open, word), options);
    });
}

function addCommand(): Command {
  return withData(new Command('add').description('Add the variants of a file that a running sweep has not'))
    .argument('<run>')
    .argument('<file>', 'a sweep file')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExamples:\n  $ judo sweep add NAME recipes/table2.yaml --reason "two more rows"')
    .action(async (word: string, file: string, options: { data?: string; reason?: string }) => {
      const { addVariants } = await import('../sweep/amend-sweep.js');
      const open = await session();
      const run = await find(open, word);
      const added = await addVariants(open, run, file, options);
      process.stderr.write(`added ${added.join(', ')} to run ${run}\n`);
    });
}

function cancelCommand(): Command {
  return new Command('cancel')
    .description('Drop one variant of a running sweep; stages that others need go on')
    .argument('<run>')
    .argument('<variant>')
    .option('--reason <text>', 'why, for the record')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ judo sweep cancel NAME grpo-rag --yes')
    .action(async (word: string, variant: string, options: { reason?: string; yes?: boolean }) => {
      const [{ dropVariant, findVariant }, { confirm }] = await Promise.all([import('../sweep/amend-sweep.js'), import('../confirm.js')]);
      const open = await session();
      const run = await find(open, word);
      await findVariant(open, run, variant);
      await confirm(`drop variant ${variant} of run ${run}?`, options.yes === true);
      await dropVariant(open, run, variant, options.reason);
      process.stderr.write(`dropped ${variant} of run ${run}\n`);
    });
}

async function session() {
  const { openSession } = await import('../session.js');
  return openSession();
}

async function find(open: Awaited<ReturnType<typeof session>>, word: string): Promise<string> {
  const { findRun } = await import('../find-run.js');
  return findRun(open, word);
}
