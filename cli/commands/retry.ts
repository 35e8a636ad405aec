import { Command } from 'commander';

export function retryCommand(): Command {
  return new Command('retry')
    .description('Try the blocked stages of a run again, as they are')
    .argument('<run>')
    .argument('[stage]', 'only this one')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExamples:\n  $ judo retry NAME\n  $ judo retry NAME golden-reasoning --reason "quota raised"')
    .action((run: string, stage: string | undefined, options: { reason?: string }) => resolve(run, stage, 'retry', options.reason));
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
      await resolve(run, stage, 'abort', options.reason);
    });
}

async function resolve(run: string, stage: string | undefined, action: 'retry' | 'abort', reason: string | undefined): Promise<void> {
  const [{ openSession }, { resolveStages }] = await Promise.all([import('../session.js'), import('../resolve-stages.js')]);
  const stages = await resolveStages(await openSession(), run, stage, action, reason);
  process.stderr.write(`${action === 'retry' ? 'retrying' : 'gave up'} ${stages.join(', ')}; follow it: judo watch ${run}\n`);
}
