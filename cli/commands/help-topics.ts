import { Command } from 'commander';
import { CliError, EXIT, EXIT_MEANINGS } from '../exit-codes.js';
import { columns } from '../render/terminal.js';

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['JUDO_HOME', 'everything this machine keeps (default: .judo in the checkout)'],
  ['TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_PROFILE', "Temporal's own, as its CLI reads them"],
  ['JUDO_S3_ENDPOINT, JUDO_S3_BUCKET', 'where artifacts go'],
  ['AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_PROFILE', "AWS's own"],
  ['OPENAI_API_KEY, OPENAI_BASE_URL', 'the teacher; not needed for the rehearsal teacher'],
  [
    'JUDO_WEBHOOK_URL',
    'where notices go (blocked, paused, regressed, missed): Slack or any other webhook; of the worker, read at its start',
  ],
  ['JUDO_WEBHOOK_SECRET, JUDO_WEBHOOK_SECRET_FILE', 'signs them: X-Judo-Signature: sha256=HMAC of the body, which holds sentAt'],
  ['NO_COLOR, FORCE_COLOR, TERM=dumb, CI', 'colour and the live view, as everywhere'],
];

const TOPICS: Readonly<Record<string, readonly (readonly [string | number, string])[]>> = {
  'exit-codes': EXIT_MEANINGS,
  environment: ENVIRONMENT,
};

/** `judo help exit-codes` and `judo help environment`. */
export function helpTopics(judo: Command): void {
  // Not addHelpCommand: commander would answer `help` itself, and knows commands only.
  judo.helpCommand(false).addCommand(
    new Command('help')
      .argument('[command...]')
      .description('Explain a command, exit-codes or environment')
      .addHelpText('after', '\nExamples:\n  $ judo help exit-codes\n  $ judo help data check')
      .action(async (words: string[]) => {
        const topic = TOPICS[words[0] ?? ''];
        if (topic !== undefined) {
          process.stdout.write(`${columns(topic.map(([key, meaning]) => [String(key), meaning]))}\n`);
          return;
        }
        const found = find(judo, words);
        if (found === undefined) throw await unknownTopic(judo, words.join(' '));
        found.outputHelp();
      }),
  );
}

async function unknownTopic(judo: Command, word: string): Promise<CliError> {
  const { nearest } = await import('../../workflows/core/nearest.js');
  const known = [...judo.commands.map((command) => command.name()), ...Object.keys(TOPICS)];
  const near = nearest(word, known);
  return new CliError(
    EXIT.usage,
    `no command or topic "${word}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    `topics: ${Object.keys(TOPICS).join(', ')}; commands: judo --help`,
  );
}

function find(command: Command, [word, ...rest]: readonly string[]): Command | undefined {
  if (word === undefined) return command;
  const next = command.commands.find((one) => one.name() === word);
  return next === undefined ? undefined : find(next, rest);
}
