import { Command } from 'commander';
import { EXIT_MEANINGS } from '../exit-codes.js';

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['JUDO_HOME', 'everything this machine keeps (default: .judo in the checkout)'],
  ['TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_PROFILE', "Temporal's own, as its CLI reads them"],
  ['JUDO_S3_ENDPOINT, JUDO_S3_BUCKET', 'where artifacts go'],
  ['AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_PROFILE', "AWS's own"],
  ['OPENAI_API_KEY, OPENAI_BASE_URL', 'the teacher; not needed for the rehearsal teacher'],
  ['NO_COLOR, FORCE_COLOR, TERM=dumb, CI', 'colour and the live view, as everywhere'],
];

const TOPICS: Readonly<Record<string, readonly (readonly [string | number, string])[]>> = {
  'exit-codes': EXIT_MEANINGS,
  environment: ENVIRONMENT,
};

/** `judo help exit-codes` and `judo help environment`. */
export function helpTopics(judo: Command): void {
  judo.addHelpCommand(
    new Command('help')
      .argument('[command...]')
      .description('Explain a command, exit-codes or environment')
      .action((words: string[]) => {
        const topic = TOPICS[words[0] ?? ''];
        if (topic !== undefined) {
          for (const [key, meaning] of topic) process.stdout.write(`${String(key).padEnd(6)}  ${meaning}\n`);
          return;
        }
        const found = find(judo, words);
        if (found === undefined) judo.error(`error: no command or topic "${words.join(' ')}"; topics: ${Object.keys(TOPICS).join(', ')}`);
        found.outputHelp();
      }),
  );
}

function find(command: Command, [word, ...rest]: readonly string[]): Command | undefined {
  if (word === undefined) return command;
  const next = command.commands.find((one) => one.name() === word);
  return next === undefined ? undefined : find(next, rest);
}
