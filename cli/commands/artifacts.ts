import { Command } from 'commander';
import type { RecordVerdict, TreeVerdict } from '../../activities/artifacts/listing.js';
import { EXIT } from '../exit-codes.js';
import { outputOption, wholeNumber } from './options.js';

/** `judo artifacts`: what stages made, by digest. */
export function artifactsCommand(): Command {
  return new Command('artifacts')
    .description('List, fetch and verify what stages made; collect what nothing needs any more')
    .addHelpText('after', '\nExamples:\n  $ judo artifacts ls\n  $ judo artifacts get 9f86d081 ./policy')
    .addCommand(lsCommand())
    .addCommand(getCommand())
    .addCommand(verifyCommand())
    .addCommand(gcCommand());
}

function lsCommand(): Command {
  return new Command('ls')
    .description('List trees, latest first, with the stages that made them; of one tree, its files')
    .argument('[digest]', 'a digest, or its beginning')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo artifacts ls\n  $ judo artifacts ls 9f86d081')
    .action(async (beginning: string | undefined, options: { output?: string }) => {
      const { printFiles, printTrees } = await import('../list-artifacts.js');
      const json = options.output === 'json';
      await (beginning === undefined ? printTrees(await stores(), json) : printFiles(await stores(), beginning, json));
    });
}

function getCommand(): Command {
  return new Command('get')
    .description('Copy a tree into a folder, verified')
    .argument('<digest>', 'a digest, or its beginning')
    .argument('<out>', 'a folder that is absent or empty')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo artifacts get 9f86d081 ./policy')
    .action(async (beginning: string, out: string, options: { output?: string }) => {
      const [{ getTree, resolveDigest }, { bytes }] = await Promise.all([
        import('../../activities/artifacts/listing.js'),
        import('../render/terminal.js'),
      ]);
      const open = await stores();
      const ref = await getTree(open, await resolveDigest(open, beginning), out);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, out, ...ref })}\n`);
      else process.stderr.write(`${out}: ${ref.files} files, ${bytes(ref.bytes)}, verified\n`);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description("Read trees and stages' records again from the store and compare every digest. Exit code 1 when one is damaged")
    .argument('[digest]', "a tree's digest, or its beginning (default: every tree and every record)")
    .option('--discard', 'delete what is damaged and the manifests that name it, so that it can be made again')
    .option('--yes', 'do not ask')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo artifacts verify\n  $ judo artifacts verify 9f86d081 --discard --yes')
    .action(async (beginning: string | undefined, options: { output?: string; discard?: boolean; yes?: boolean }) => {
      const { resolveDigest, verifyRecords, verifyTrees } = await import('../../activities/artifacts/listing.js');
      if (options.discard === true) {
        const { confirm } = await import('../confirm.js');
        await confirm('delete what is damaged?', options.yes === true);
      }
      const open = await stores();
      const which = beginning === undefined ? 'all' : await resolveDigest(open, beginning);
      const discard = options.discard === true;
      const verdicts = await verifyTrees(open, which, { discard });
      const records = which === 'all' ? await verifyRecords(open, { discard }) : [];
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, verdicts, records })}\n`);
      else {
        tellVerdicts(verdicts, discard);
        if (which === 'all') tellRecords(records, discard);
      }
      if ([...verdicts, ...records].some((verdict) => !verdict.ok)) process.exitCode = EXIT.failed;
    });
}

function gcCommand(): Command {
  return new Command('gc')
    .description('Delete what nothing needs: this call lists it, one after the grace deletes it. Safe beside runs')
    .option('--dry-run', 'only show it')
    .option('--explain', 'show every object, and why it is kept')
    .option('--grace <duration>', 'longer than any stage takes to save its outputs', '24h')
    .option('--keep-runs <duration>', 'keep what runs of so late made, as in 30d (default: of every run)')
    .option('--keep-last <count>', 'keep what so many of the newest runs made', wholeNumber)
    .option('--yes', 'do not ask')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA tagged run, a good night, and a run that has not ended are always kept; teacher answers and run records are never deleted.' +
        '\n\nExamples:\n  $ judo artifacts gc --dry-run --explain\n  $ judo artifacts gc --yes\n  $ judo artifacts gc --keep-runs 30d --keep-last 20',
    )
    .action(async (options: GcOptions) => {
      const [{ collectGarbage }, { openSession }, { garbageTimes }] = await Promise.all([
        import('../collect-garbage.js'),
        import('../session.js'),
        import('../garbage-times.js'),
      ]);
      const { graceMs, keepRunsMs } = garbageTimes(options);
      await collectGarbage(await openSession(), {
        policy: { keepRunsMs, keepLast: options.keepLast ?? null },
        graceMs,
        dryRun: options.dryRun === true,
        yes: options.yes === true,
        explain: options.explain === true,
        json: options.output === 'json',
      });
    });
}

interface GcOptions {
  readonly grace: string;
  readonly keepRuns?: string;
  readonly keepLast?: number;
  readonly dryRun?: boolean;
  readonly explain?: boolean;
  readonly yes?: boolean;
  readonly output?: string;
}

function tellVerdicts(verdicts: readonly TreeVerdict[], discard: boolean): void {
  const damaged = verdicts.filter((verdict) => !verdict.ok);
  for (const { digest, problems } of damaged) for (const problem of problems) process.stdout.write(`${digest.slice(0, 12)}  ${problem}\n`);
  const discarded = verdicts.reduce((sum, verdict) => sum + verdict.discarded.length, 0);
  process.stderr.write(
    `${verdicts.length} ${verdicts.length === 1 ? 'tree' : 'trees'} read, ${damaged.length} damaged${discard ? `, ${discarded} objects deleted` : ''}\n`,
  );
  if (damaged.length === 0) return;
  process.stderr.write(
    discard
      ? 'next: judo run RECIPE --force STAGE makes a tree again (`judo artifacts ls` says which stage made which)\n'
      : `next: judo artifacts verify ${damaged.length === 1 ? damaged[0]!.digest.slice(0, 12) : ''} --discard deletes what is damaged\n`.replace(
          '  ',
          ' ',
        ),
  );
}

function tellRecords(records: readonly RecordVerdict[], discard: boolean): void {
  const damaged = records.filter((record) => !record.ok);
  for (const { key, problems } of damaged) for (const problem of problems) process.stdout.write(`${key}  ${problem}\n`);
  const deleted = discard ? `, ${damaged.length} deleted` : '';
  process.stderr.write(`${records.length} ${records.length === 1 ? 'record' : 'records'} read, ${damaged.length} damaged${deleted}\n`);
  if (damaged.length === 0) return;
  process.stderr.write(
    discard
      ? 'next: their stages run again when a run needs them; judo retry RUN goes on with one that was blocked\n'
      : 'next: put them back as they were, or judo artifacts verify --discard deletes them: their stages run again\n',
  );
}

async function stores() {
  const { openSession } = await import('../session.js');
  return (await openSession()).stores();
}
