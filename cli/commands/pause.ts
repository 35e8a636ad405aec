import { Command } from 'commander';

export function pauseCommand(): Command {
  return new Command('pause')
    .description('Start no further stage of a run; what runs goes on')
    .argument('<run>')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExamples:\n  $ judo pause NAME --reason "maintenance at 18:00"')
    .action((run: string, options: { reason?: string }) => order(run, true, options));
}

export function resumeCommand(): Command {
  return new Command('resume')
    .description('Go on with a paused run')
    .argument('<run>')
    .option('--reason <text>', 'why, for the record')
    .option('--parallel <n>', 'from now on at most so many stages at once', Number)
    .option('--gpu-hours <n>', 'pause again at so many GPU hours', Number)
    .option('--usd <n>', 'pause again at so many dollars', Number)
    .addHelpText('after', '\nExamples:\n  $ judo resume NAME\n  $ judo resume NAME --gpu-hours 40 --reason "budget raised"')
    .action((run: string, options: { reason?: string; parallel?: number; gpuHours?: number; usd?: number }) => order(run, false, options));
}

interface Options {
  readonly reason?: string;
  readonly parallel?: number;
  readonly gpuHours?: number;
  readonly usd?: number;
}

async function order(word: string, paused: boolean, { reason, ...given }: Options): Promise<void> {
  const [{ openSession }, { signature }, { RunLimits }, { pauseRunUpdate }, { sendOrder }, { CliError, EXIT }, { findRun }] =
    await Promise.all([
      import('../session.js'),
      import('../signature.js'),
      import('../../contracts/run.js'),
      import('../../workflows/messages.js'),
      import('../send-order.js'),
      import('../exit-codes.js'),
      import('../find-run.js'),
    ]);
  const limits = RunLimits.safeParse(given);
  if (!limits.success)
    throw new CliError(EXIT.usage, limits.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  const session = await openSession();
  const run = await findRun(session, word, { exact: true });
  const isLimited = Object.keys(limits.data).length > 0;
  const terms = isLimited ? { limits: limits.data } : {};
  await sendOrder(await session.temporal(), run, pauseRunUpdate, { paused, ...terms, ...signature(reason) });
  process.stderr.write(paused ? `paused; what runs goes on. judo resume ${run}\n` : `resumed; follow it: judo watch ${run}\n`);
}
