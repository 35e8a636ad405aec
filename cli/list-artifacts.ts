import { listTrees, resolveDigest, type Stores } from '../activities/artifacts/listing.js';
import { bytes, columns, when } from './render/terminal.js';

/** Every tree, latest first. */
export async function printTrees(stores: Stores, json: boolean): Promise<void> {
  const trees = await listTrees(stores);
  if (json) return print({ schemaVersion: 1, trees });
  if (trees.length === 0) return void process.stderr.write('no artifacts yet: judo quickstart, or judo run RECIPE, makes some\n');
  const rows = trees.map((tree) => [
    tree.digest.slice(0, 12),
    String(tree.files),
    bytes(tree.bytes),
    when(tree.modified.toISOString(), process.stdout),
    tree.producers.map((one) => `${one.stage}.${one.output} (${one.run})`).join(', ') || 'source',
  ]);
  process.stdout.write(`${columns([['DIGEST', 'FILES', 'SIZE', 'WRITTEN', 'MADE BY'], ...rows])}\n`);
}

/** The files of one tree. */
export async function printFiles(stores: Stores, beginning: string, json: boolean): Promise<void> {
  const digest = await resolveDigest(stores, beginning);
  const { entries } = await stores.artifacts.manifest(digest);
  if (json) return print({ schemaVersion: 1, digest, files: entries });
  const rows = entries.map((entry) => [entry.path, bytes(entry.bytes), entry.sha256.slice(0, 12)]);
  process.stdout.write(`${columns([['FILE', 'SIZE', 'SHA256'], ...rows])}\n`);
}

const print = (document: object): void => void process.stdout.write(`${JSON.stringify(document)}\n`);
