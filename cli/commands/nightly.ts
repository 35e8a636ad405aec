import { Command, InvalidArgumentError, Option } from 'commander';
import type { CreateOptions } from '../nightly/create-nightly.js';
import { outputOption, positiveNumber } from './options.js';

/** `judo nightly`: full reruns on a schedule, each compared with the last good one. */
export function nightlyCommand(): Command {
  const nightly = new Command('nightly')
    .description('Full reruns on a schedule, each compared with the last good night')
    .addHelpText(
      'after',
      '\nExamples:\n  $ judo nightly create recipes/judo-tiny.yaml --data PATH --at 02:00 --timezone Europe/Berlin\n  $ judo nightly history judo-tiny',
    );
  for (const command of [create(), list(), history(), promote(), trigger(), backfill(), pause(), resume(), remove()])
    nightly.addCommand(command);
  return nightly;
}

const openSession = async () => (await import('../session.js')).openSession();
const orders = () => import('../nightly/order-nightly.js');
const say = (text: string) => process.stderr.write(`${text}\n`);

function create(): Command {
  return new Command('create')
    .description('Make a nightly, or give the one of that name other values')
    .argument('<recipe>')
    .option('--at <time>', 'due at this clock time, as in 02:00')
    .option('--timezone <name>', 'of the time zone database, as in Europe/Berlin (default: UTC)')
    .option('--every <duration>', 'due so often instead, as in 6h')
    .option('--jitter <duration>', 'start at random up to so much later', '0s')
    .option('--catchup <duration>', 'missed because no server ran: start it at most so much later', '12h')
    .addOption(
      new Option('--overlap <policy>', 'when the night before still runs')
        .choices(['skip', 'buffer-one', 'allow', 'cancel-other'])
        .default('skip'),
    )
    .option('--data <path>', 'the dataset, as the worker sees it')
    .option('-s, --set <key=value>', 'change a parameter', (word: string, all: string[]) => [...all, word], [])
    .option('--name <name>', "default: the recipe's")
    .option('--fresh-teacher', 'ask and pay the teacher anew each night')
    .option('--points <n>', 'a metric so many points lower, outside its 95 % interval, is a regression', amount, 1)
    .option('--percent <n>', 'so many percent longer or dearer is a regression', amount, 50)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ judo nightly create recipes/judo-tiny.yaml --data PATH --at 02:00 --timezone Europe/Berlin --jitter 10m',
    )
    .action(async (recipe: string, options: CreateOptions & { output?: string }) => {
      const { createNightly } = await import('../nightly/create-nightly.js');
      const { name, did, changed, next, remarks } = await createNightly(await openSession(), recipe, options);
      if (options.output === 'json') {
        process.stdout.write(`${JSON.stringify({ schemaVersion: 1, name, did, changed, next, remarks })}\n`);
        return;
      }
      process.stdout.write(`${name}\n`);
      say(
        `${did}${changed.length > 0 && did === 'updated' ? ` (${changed.join(', ')})` : ''}; next night: ${next?.toISOString() ?? 'none'}`,
      );
      for (const remark of remarks) say(`note: ${remark}`);
    });
}

function list(): Command {
  return new Command('list')
    .description('List nightlies, with when each is due next')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo nightly list')
    .action(async (options: { output?: string }) => {
      const [{ listNightlies }, { columns }] = await Promise.all([import('../nightly/show-nightlies.js'), import('../render/terminal.js')]);
      const rows = await listNightlies(await openSession());
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, nightlies: rows })}\n`);
      else if (rows.length === 0) say('no nightlies yet: judo nightly create RECIPE --at 02:00 --timezone Europe/Berlin');
      else {
        const cells = rows.map(({ name, due, state, note, next, lastNight, recipe }) => {
          const last = lastNight === null ? '-' : `${lastNight.run} ${lastNight.state}`;
          return [name, due, note === null ? state : `${state}: ${note}`, next ?? '-', last, recipe];
        });
        process.stdout.write(`${columns([['NAME', 'DUE', 'STATE', 'NEXT', 'LAST', 'RECIPE'], ...cells])}\n`);
      }
    });
}

function history(): Command {
  return new Command('history')
    .description('List the nights of a nightly, newest first: how each compares, and why one did not run')
    .argument('<name>')
    .option('-n, --limit <count>', 'at most so many', positiveNumber, 30)
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo nightly history judo-tiny')
    .action(async (name: string, options: { limit: number; output?: string }) => {
      const [shown, { columns }] = await Promise.all([import('../nightly/show-nightlies.js'), import('../render/terminal.js')]);
      const nights = await shown.nightHistory(await openSession(), name, options.limit);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, nightly: name, nights })}\n`);
      else if (nights.length === 0) say(`${name} has had no night yet: judo nightly trigger ${name}`);
      else process.stdout.write(`${columns([shown.NIGHT_HEADS, ...nights.map(shown.nightCells)])}\n`);
    });
}

function promote(): Command {
  return new Command('promote')
    .description('Name the run that every night is compared with from now on')
    .argument('<run>')
    .addHelpText('after', '\nExamples:\n  $ judo nightly promote judo-tiny-20261121')
    .action(async (run: string) => {
      const name = await (await orders()).promoteNight(await openSession(), run);
      say(`nights of ${name} are compared with ${run} from now on`);
    });
}

function trigger(): Command {
  return named('trigger', 'Start a night now').action(async (name: string) => {
    await (await orders()).triggerNightly(await openSession(), name);
    say(`a night begins; see it: judo nightly history ${name}`);
  });
}

function backfill(): Command {
  return new Command('backfill')
    .description('Run the nights of a span that did not complete, one after another')
    .argument('<name>')
    .requiredOption('--from <date>', "a date of the nightly's time zone, or a moment in ISO")
    .requiredOption('--to <date>', 'as --from; that date included')
    .addHelpText('after', '\nExamples:\n  $ judo nightly backfill judo-tiny --from 2026-11-18 --to 2026-11-20')
    .action(async (name: string, span: { from: string; to: string }) => {
      const runs = await (await orders()).backfillNightly(await openSession(), name, span);
      if (runs.length === 0) say('every night of that span completed: nothing to run');
      else process.stdout.write(`${runs.join('\n')}\n`);
    });
}

function pause(): Command {
  return named('pause', 'Let no night fire until it is resumed; one that runs goes on')
    .option('--note <text>', 'why; the nights that are left out say it')
    .action(async (name: string, { note }: { note?: string }) => {
      await (await orders()).pauseNightly(await openSession(), name, note);
      say(`paused; judo nightly resume ${name}`);
    });
}

function resume(): Command {
  return named('resume', 'Let nights fire again')
    .option('--note <text>', 'why, for the record')
    .action(async (name: string, { note }: { note?: string }) => {
      await (await orders()).resumeNightly(await openSession(), name, note);
      say(`resumed; judo nightly list says when it is due`);
    });
}

function remove(): Command {
  return named('delete', 'End a nightly; its nights and their runs stay')
    .option('--yes', 'do not ask')
    .action(async (name: string, { yes }: { yes?: boolean }) => {
      await (await import('../confirm.js')).confirm(`Delete the nightly ${name}?`, yes === true);
      await (await orders()).deleteNightly(await openSession(), name);
      say(`deleted; what its nights made stays`);
    });
}

const named = (verb: string, description: string): Command =>
  new Command(verb).description(description).argument('<name>').addHelpText('after', `\nExamples:\n  $ judo nightly ${verb} judo-tiny`);

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('Give a number, zero or more.');
  return value;
}
