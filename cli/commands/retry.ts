import { Command } from 'commander';
import type { ResolveOptions } from '../resolve-stages.js';
import { collect } from './run.js';

export function retryCommand(): Command {
  return new Command('retry')
    .description('Try the blocked stages of a run again: as they are, or with changed parameters')
    .argument('<run>')
    .argument('[stage]', 'only this one')
    .option('-s, --set <key=value>', 'change a parameter of a blocked stage, for instance -s learningRate=5e-7 (repeatable)', collect, [])
    .option('--force <stage>', 'run this done stage again too (repeatable)', collect, [])
    .option('--from <stage>', 'run this stage and everything that depends on it again')
    .option('--reason <text>', 'why, for the record')
    .addHelpText(
      'after',
      `
Examples:
  $ judo retry NAME
  $ judo retry NAME grpo -s learningRate=5e-7 --reason "diverged at step 120"
  $ judo retry NAME golden-reasoning --reason "quota raised"`,
    )
    .action((run: string, stage: string | undefined, options: Omit<ResolveOptions, 'action'>) =>
      resolve(run, stage, { ...options, action: 'retry' }),
    );
}

export function abortCommand(): Command {
  return new Command('abort')
    .description('Give blocked stages up: what depends on them is skipped')
    .argument('<run>')
    .argument('[stage]', 'only this one')
    .option('--reason <text>', 'why, for the record')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ judo abort NAME grpo --yes')
    .action(async (run: string, stage: string | undefined, options: { reason?: string; yes?: boolean }) => {
      const { confirm } = await import('../confirm.js');
      await confirm(`give up ${stage ?? 'every blocked stage'} of run ${run}?`, options.yes === true);
      const { reason } = options;
      await resolve(run, stage, { action: 'abort', set: [], force: [], ...(reason === undefined ? {} : { reason }) });
    });
}

async function resolve(run: string, stage: string | undefined, options: ResolveOptions): Promise<void> {
  const [{ openSession }, { resolveStages }] = await Promise.all([import('../session.js'), import('../resolve-stages.js')]);
  const stages = await resolveStages(await openSession(), run, stage, options);
  process.stderr.write(`${options.action === 'retry' ? 'retrying' : 'gave up'} ${stages.join(', ')}; follow it: judo watch ${run}\n`);
}
