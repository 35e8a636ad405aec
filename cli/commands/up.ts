import { Command } from 'commander';
import type { StackState } from '../../infra/stack/state.js';
import { outputOption } from './options.js';

/** `judo up`: starts the one-machine stack, or finds it running. */
export function upCommand(): Command {
  return new Command('up')
    .description('Start the servers and workers of this machine; harmless when they run')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo up\n  $ judo up -o json')
    .action(async (options: { output?: string }) => {
      const [{ startStack }, { judoHome }] = await Promise.all([
        import('../../infra/stack/start-stack.js'),
        import('../../infra/checkout.js'),
      ]);
      const started = Date.now();
      const { state, outcome } = await startStack(judoHome());
      if (options.output === 'json') {
        process.stdout.write(`${JSON.stringify({ schemaVersion: 1, outcome, home: judoHome(), stack: state })}\n`);
        return;
      }
      process.stderr.write(`${headline(outcome, Date.now() - started)}\n${describe(state)}\n`);
    });
}

function headline(outcome: 'started' | 'running' | 'workers-restarted', ms: number): string {
  if (outcome === 'running') return 'the stack runs already';
  if (outcome === 'workers-restarted') return 'the stack runs already; its workers were restarted with the newer code';
  return `the stack is up (${(ms / 1000).toFixed(1)} s)`;
}

function describe(state: StackState): string {
  const rows: [string, string][] = [
    ['temporal', state.temporal ? `${state.temporal.address}   UI ${state.temporal.ui}` : 'another server, as configured'],
    ['s3', state.s3 ? `${state.s3.endpoint}   bucket ${state.s3.bucket}` : 'another server, as configured'],
    ['teacher', state.teacher ? `${state.teacher.url}   (rehearsal)` : 'as configured'],
    ...state.processes
      .filter((process) => process.port === null)
      .map((process): [string, string] => [process.name, `${process.state}   pid ${process.pid}   log ${process.log}`]),
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`).join('\n');
}
