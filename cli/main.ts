import { Command, CommanderError } from 'commander';
import { artifactsCommand } from './commands/artifacts.js';
import { cancelCommand } from './commands/cancel.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { dataCommand } from './commands/data.js';
import { doctorCommand } from './commands/doctor.js';
import { downCommand } from './commands/down.js';
import { helpTopics } from './commands/help-topics.js';
import { logsCommand } from './commands/logs.js';
import { nightlyCommand } from './commands/nightly.js';
import { pauseCommand, resumeCommand } from './commands/pause.js';
import { planCommand } from './commands/plan.js';
import { quickstartCommand } from './commands/quickstart.js';
import { reportCommand } from './commands/report.js';
import { restartCommand } from './commands/restart.js';
import { abortCommand, retryCommand } from './commands/retry.js';
import { runCommand } from './commands/run.js';
import { runsCommand } from './commands/runs.js';
import { showCommand } from './commands/show.js';
import { sweepCommand } from './commands/sweep.js';
import { tagCommand } from './commands/tag.js';
import { upCommand } from './commands/up.js';
import { watchCommand } from './commands/watch.js';
import { whyCommand } from './commands/why.js';
import { EXIT } from './exit-codes.js';
import { reportError } from './render/errors.js';

/** The whole command line. Commands import what they need when they run: `--help` answers without Temporal, AWS or sharp. */
export function program(): Command {
  const judo = new Command('judo')
    .description('Durable training pipelines for industrial-anomaly reasoners: from pictures to a trained model and an MMAD table.')
    .version('0.1.0')
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      `
Examples:
  $ judo quickstart                                     everything, once, on this machine
  $ judo run recipes/judo-tiny.yaml --data PATH         run a recipe on a dataset in the MMAD layout
  $ judo plan recipes/judo.yaml -s grpo.beta=0.02       what would run again, and why

More: judo help exit-codes, judo help environment`,
    );
  const commands = [
    quickstartCommand(),
    upCommand(),
    downCommand(),
    doctorCommand(),
    dataCommand(),
    planCommand(),
    runCommand(),
    runsCommand(),
    showCommand(),
    watchCommand(),
    logsCommand(),
    whyCommand(),
    retryCommand(),
    abortCommand(),
    pauseCommand(),
    resumeCommand(),
    cancelCommand(),
    restartCommand(),
    nightlyCommand(),
    sweepCommand(),
    tagCommand(),
    artifactsCommand(),
    reportCommand(),
    configCommand(),
    completionCommand(() => judo),
  ];
  for (const command of commands) judo.addCommand(command);
  helpTopics(judo);
  for (const command of everyCommand(judo)) tellMistakes(command.exitOverride());
  return judo;
}

/** A mistake in the words ends with a line that says what to type. */
function tellMistakes(command: Command): void {
  command.showHelpAfterError(`remedy: \`${pathOf(command)} --help\` says how it is used`).configureOutput({
    outputError: (text, write) =>
      write(text.replace(/^error: /, 'judo: ').replace("unknown option '--json'", "unknown option '--json'\n(Did you mean -o json?)")),
  });
}

const pathOf = (command: Command): string => (command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`);

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Runs one command line; resolves to its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv]);
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(error, process.stderr);
  }
}
