import { TreeManifest, TreePath, type ArtifactRef, type TreeEntry } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { sha256Of } from './hash-file.js';

/** A tree's manifest, its bytes in the bucket, and the reference that history holds. */
export interface Tree {
  readonly ref: ArtifactRef;
  readonly manifest: TreeManifest;
  readonly text: string;
}

/** The tree of these entries: the same for the same paths and contents, in whatever order they come. */
export function treeOf(entries: readonly TreeEntry[]): Tree {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const twice = sorted.find((entry, index) => entry.path === sorted[index - 1]?.path);
  if (twice) throw new StageError({ type: 'InvalidSpec', message: `a tree names ${twice.path} twice`, remedy: 'List each file once.' });
  const manifest: TreeManifest = { schemaVersion: 1, entries: sorted };
  const text = canonicalJson(manifest);
  const bytes = sorted.reduce((sum, entry) => sum + entry.bytes, 0);
  return { ref: { digest: sha256Of(text), files: sorted.length, bytes }, manifest, text };
}

/** Reads a manifest back. Its digest is its name, so anything but the very bytes that were written is a DigestMismatch. */
export function parseTree(digest: string, text: Buffer, where: string): TreeManifest {
  const got = sha256Of(text);
  if (got !== digest)
    throw new StageError({
      type: 'DigestMismatch',
      message: `tree manifest ${where} is damaged: expected sha256 ${digest}, got ${got}`,
      remedy: 'Run `judo artifacts verify DIGEST --discard`, then make it again: `judo run RECIPE --force STAGE`.',
    });
  return TreeManifest.parse(JSON.parse(String(text)));
}

/** Refuses a path that no tree can hold, naming it. */
export function assertTreePath(path: string, root: string): void {
  const parsed = TreePath.safeParse(path);
  if (parsed.success) return;
  const problem = parsed.error.issues[0]?.message ?? 'is no tree path';
  throw new StageError({
    type: 'InvalidSpec',
    message: `${JSON.stringify(path)} below ${root} cannot be a file of a tree: ${problem}`,
    remedy: 'Rename the file, or leave it out.',
  });
}
