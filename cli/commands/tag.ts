import { Command } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import { outputOption } from './options.js';

/** `judo tag`: names for runs. What a tagged run made is never collected. */
export function tagCommand(): Command {
  return new Command('tag')
    .description('Name a run, so that what it made is kept for good; without arguments, list the names')
    .argument('[run]')
    .argument('[name]')
    .option('--delete <name>', 'take a name away; the run stays')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo tag NAME good\n  $ judo tag\n  $ judo tag --delete good')
    .action(async (word: string | undefined, name: string | undefined, options: { delete?: string; output?: string }) => {
      const [{ openSession }, tags] = await Promise.all([import('../session.js'), import('../../activities/retention/tags.js')]);
      const session = await openSession();
      const { objects } = await session.stores();
      const json = options.output === 'json';
      const print = (document: object) => void process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...document })}\n`);
      if (options.delete !== undefined) {
        if (word !== undefined) throw new CliError(EXIT.usage, '--delete takes the name alone', `judo tag --delete ${options.delete}`);
        const { run } = await tags.deleteTag(objects, options.delete);
        return json ? print({ deleted: options.delete, run }) : void process.stderr.write(`${run} is "${options.delete}" no more\n`);
      }
      if (word === undefined) {
        const all = await tags.listTags(objects);
        return json ? print({ tags: all }) : tellTags(all);
      }
      if (name === undefined) throw new CliError(EXIT.usage, `what shall ${word} be called?`, `judo tag ${word} good`);
      const [{ findRun }, { signature }] = await Promise.all([import('../find-run.js'), import('../signature.js')]);
      const run = await findRun(session, word, { exact: true });
      await tags.addTag(objects, { name, run, by: signature(undefined).by, at: new Date().toISOString() });
      return json ? print({ name, run }) : void process.stderr.write(`${run} is "${name}"\n`);
    });
}

async function tellTags(tags: readonly { name: string; run: string; at: string; by: string }[]): Promise<void> {
  if (tags.length === 0) return void process.stderr.write('no tags yet: judo tag RUN NAME\n');
  const { columns, when } = await import('../render/terminal.js');
  const rows = tags.map((tag) => [tag.name, tag.run, when(tag.at, process.stdout), tag.by]);
  process.stdout.write(`${columns([['TAG', 'RUN', 'SINCE', 'BY'], ...rows])}\n`);
}
