import { Command } from 'commander';

export function artifactsCommand(): Command {
  const artifacts = new Command('artifacts').description('List, fetch and verify what stages made');
  artifacts
    .command('ls')
    .description('List trees, latest first, with the stages that made them')
    .option('-o, --output <format>', 'json: one document')
    .addHelpText('after', '\nExamples:\n  $ judo artifacts ls')
    .action(async (options: { output?: string }) => {
      const { stores, listing, terminal } = await open();
      const trees = await listing.listTrees(stores);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, trees })}\n`);
      else if (trees.length === 0) process.stderr.write('no artifacts yet\n');
      else {
        const rows = trees.map((tree) => [
          tree.digest.slice(0, 12),
          String(tree.files),
          terminal.bytes(tree.bytes),
          tree.modified.toISOString().slice(0, 16).replace('T', ' '),
          tree.producers.map((one) => `${one.stage}.${one.output} (${one.run})`).join(', ') || 'source',
        ]);
        process.stdout.write(`${terminal.columns([['DIGEST', 'FILES', 'SIZE', 'WRITTEN', 'MADE BY'], ...rows])}\n`);
      }
    });
  artifacts
    .command('get')
    .description('Copy a tree into a folder, verified')
    .argument('<digest>', 'a digest, or its beginning')
    .argument('<out>', 'a folder that is absent or empty')
    .addHelpText('after', '\nExamples:\n  $ judo artifacts get 9f86d081 ./policy')
    .action(async (beginning: string, out: string) => {
      const { stores, listing, terminal } = await open();
      const ref = await listing.getTree(stores, await listing.resolveDigest(stores, beginning), out);
      process.stderr.write(`${out}: ${ref.files} files, ${terminal.bytes(ref.bytes)}, verified\n`);
    });
  artifacts
    .command('verify')
    .description('Read trees again from the store and compare every digest')
    .argument('[digest]', 'a digest, or its beginning (default: every tree)')
    .option('-o, --output <format>', 'json: one document')
    .addHelpText('after', '\nExamples:\n  $ judo artifacts verify\n  $ judo artifacts verify 9f86d081')
    .action(async (beginning: string | undefined, options: { output?: string }) => {
      const { stores, listing } = await open();
      const which = beginning === undefined ? ('all' as const) : await listing.resolveDigest(stores, beginning);
      const verdicts = await listing.verifyTrees(stores, which);
      const damaged = verdicts.filter((verdict) => !verdict.ok);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, verdicts })}\n`);
      else {
        for (const { digest, problems } of damaged)
          for (const problem of problems) process.stdout.write(`${digest.slice(0, 12)}  ${problem}\n`);
        process.stderr.write(`${verdicts.length} trees read, ${damaged.length} damaged\n`);
      }
      if (damaged.length > 0) process.exitCode = 1;
    });
  return artifacts;
}

async function open() {
  const [{ openSession }, listing, terminal] = await Promise.all([
    import('../session.js'),
    import('../../activities/artifacts/listing.js'),
    import('../render/terminal.js'),
  ]);
  return { stores: await (await openSession()).stores(), listing, terminal };
}
