import { Argument, Command } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import { outputOption } from './options.js';

const SCHEMAS = ['recipe', 'plan', 'job'] as const;

export function configCommand(): Command {
  const config = new Command('config')
    .description('Show every setting, where it comes from, and the published schemas')
    .addHelpText('after', '\nExamples:\n  $ judo config show\n  $ judo config explain temporal.address');
  config
    .command('show')
    .description('Print every setting and its origin')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo config show\n  $ judo config show -o json')
    .action(async (options: { output?: string }) => {
      const { values } = await settings();
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, settings: values })}\n`);
      else {
        const { columns } = await import('../render/terminal.js');
        process.stdout.write(`${columns([['KEY', 'VALUE', 'SOURCE'], ...values.map((one) => [one.key, one.value ?? '-', one.source])])}\n`);
      }
    });
  config
    .command('explain')
    .description('Say what decides one setting')
    .argument('<key>')
    .addHelpText('after', '\nExamples:\n  $ judo config explain temporal.address')
    .action(async (key: string) => {
      const { values } = await settings();
      const found = values.find((one) => one.key === key);
      if (found === undefined) {
        const { nearest } = await import('../../workflows/core/nearest.js');
        const near = nearest(
          key,
          values.map((one) => one.key),
        );
        throw new CliError(
          EXIT.notFound,
          `no setting "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
          'judo config show lists them',
        );
      }
      process.stdout.write(
        `${found.key} = ${found.value ?? '(not set)'}\nfrom: ${found.source}\nset it with: ${found.variable}\nprecedence: flag > environment > recipe > temporal.config.ts > default\n`,
      );
    });
  config
    .command('schema')
    .description('Print a JSON Schema, for editors and for other programs')
    .addArgument(new Argument('<name>').choices([...SCHEMAS]))
    .addHelpText('after', '\nExamples:\n  $ judo config schema recipe > recipe.schema.json')
    .action(async (name: (typeof SCHEMAS)[number]) => {
      const { jsonSchemas } = await import('../../contracts/json-schemas.js');
      process.stdout.write(`${JSON.stringify(jsonSchemas()[name], null, 2)}\n`);
    });
  return config;
}

async function settings() {
  const { loadSettings } = await import('../../infra/settings.js');
  return loadSettings();
}
