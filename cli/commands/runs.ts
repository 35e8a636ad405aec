import { Command, Option } from 'commander';
import type { RunState } from '../../contracts/run.js';
import { outputOption, positiveNumber } from './options.js';

const STATES = ['running', 'blocked', 'completed', 'failed', 'cancelled'] as const satisfies readonly RunState[];

export function runsCommand(): Command {
  return new Command('runs')
    .description("List runs, newest first; also those that Temporal has forgotten, from the runs' records")
    .option('-n, --limit <count>', 'at most so many', positiveNumber, 30)
    .addOption(new Option('--state <state>', 'only runs in this state').choices(STATES))
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo runs\n  $ judo runs --state blocked\n  $ judo runs -n 5 -o json')
    .action(async ({ output, ...wanted }: { limit: number; state?: RunState; output?: string }) => {
      const [{ findRuns }, { columns, when }, { openSession }] = await Promise.all([
        import('../list-runs.js'),
        import('../render/terminal.js'),
        import('../session.js'),
      ]);
      const { runs, notes } = await findRuns(await openSession(), wanted);
      for (const note of notes) process.stderr.write(`note: ${note}\n`);
      if (output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, runs })}\n`);
      else if (runs.length > 0)
        process.stdout.write(
          `${columns([
            ['RUN', 'STATE', 'STARTED', 'RECIPE'],
            ...runs.map((run) => [run.run, run.state, when(run.startedAt, process.stdout), run.recipe]),
          ])}\n`,
        );
      else if (wanted.state !== undefined) process.stderr.write(`no run is ${wanted.state}\n`);
      else process.stderr.write('no runs yet: judo quickstart, or judo run recipes/judo-tiny.yaml --data PATH\n');
    });
}
