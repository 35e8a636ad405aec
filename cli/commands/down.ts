import { Command } from 'commander';
import { outputOption } from './options.js';

/** `judo down`: stops everything of this home, and waits until it is gone. */
export function downCommand(): Command {
  return new Command('down')
    .description('Stop the servers and workers of this machine; runs go on with the next `judo up`')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo down\n  $ judo down && judo up     # start everything anew; nothing is lost')
    .action(async (options: { output?: string }) => {
      const [{ stopStack }, { judoHome }] = await Promise.all([
        import('../../infra/stack/start-stack.js'),
        import('../../infra/checkout.js'),
      ]);
      const home = judoHome();
      const stopped = await stopStack(home);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, stopped, home })}\n`);
      else process.stderr.write(stopped ? 'stopped; no process is left\n' : `nothing ran for ${home}\n`);
    });
}
