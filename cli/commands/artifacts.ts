import { Command } from 'commander';
import type { TreeVerdict } from '../../activities/artifacts/listing.js';
import { EXIT } from '../exit-codes.js';
import { outputOption } from './options.js';

/** `judo artifacts`: what stages made, by digest. */
export function artifactsCommand(): Command {
  return new Command('artifacts')
    .description('List, fetch and verify what stages made')
    .addHelpText('after', '\nExamples:\n  $ judo artifacts ls\n  $ judo artifacts get 9f86d081 ./policy')
    .addCommand(lsCommand())
    .addCommand(getCommand())
    .addCommand(verifyCommand());
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
    .description('Read trees again from the store and compare every digest. Exit code 1 when one is damaged')
    .argument('[digest]', 'a digest, or its beginning (default: every tree)')
    .option('--discard', 'delete what is damaged and the manifests that name it, so that it can be made again')
    .option('--yes', 'do not ask')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo artifacts verify\n  $ judo artifacts verify 9f86d081 --discard --yes')
    .action(async (beginning: string | undefined, options: { output?: string; discard?: boolean; yes?: boolean }) => {
      const { resolveDigest, verifyTrees } = await import('../../activities/artifacts/listing.js');
      if (options.discard === true) {
        const { confirm } = await import('../confirm.js');
        await confirm('delete what is damaged?', options.yes === true);
      }
      const open = await stores();
      const which = beginning === undefined ? 'all' : await resolveDigest(open, beginning);
      const verdicts = await verifyTrees(open, which, { discard: options.discard === true });
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, verdicts })}\n`);
      else tellVerdicts(verdicts, options.discard === true);
      if (verdicts.some((verdict) => !verdict.ok)) process.exitCode = EXIT.failed;
    });
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

async function stores() {
  const { openSession } = await import('../session.js');
  return (await openSession()).stores();
}
