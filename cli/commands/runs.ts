import { Command } from 'commander';
import { outputOption, positiveNumber } from './options.js';

export function runsCommand(): Command {
  return new Command('runs')
    .description('List runs, newest first')
    .option('-n, --limit <count>', 'at most so many', positiveNumber, 30)
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo runs\n  $ judo runs -n 5 -o json')
    .action(async (options: { limit: number; output?: string }) => {
      const [{ listRuns }, { columns, when }, { openSession }] = await Promise.all([
        import('../list-runs.js'),
        import('../render/terminal.js'),
        import('../session.js'),
      ]);
      const runs = await listRuns(await openSession(), options.limit);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, runs })}\n`);
      else if (runs.length === 0) process.stderr.write('no runs yet: judo quickstart, or judo run recipes/judo-tiny.yaml --data PATH\n');
      else
        process.stdout.write(
          `${columns([
            ['RUN', 'STATE', 'STARTED', 'RECIPE'],
            ...runs.map((run) => [run.run, run.state, when(run.startedAt, process.stdout), run.recipe]),
          ])}\n`,
        );
    });
}
