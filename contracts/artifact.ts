import { z } from 'zod';

/** Lower-case hex sha256. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a sha256 in lower-case hex');
export type Digest = z.infer<typeof Digest>;

/** A path inside a tree: relative, `/`-separated, no `.`/`..` segment. */
export const TreePath = z
  .string()
  .min(1)
  .refine((p) => !p.startsWith('/') && !p.includes('\\') && p.split('/').every((s) => s !== '' && s !== '.' && s !== '..'), {
    message: 'expected a relative path without . or .. segments',
  });

export const TreeEntry = z.strictObject({ path: TreePath, sha256: Digest, bytes: z.int().nonnegative() });
export type TreeEntry = z.infer<typeof TreeEntry>;

/** A directory by content. Entries are sorted by path; the tree's digest is the sha256 of this manifest's canonical JSON. */
export const TreeManifest = z.strictObject({ schemaVersion: z.literal(1), entries: z.array(TreeEntry) });
export type TreeManifest = z.infer<typeof TreeManifest>;

/** A reference to a tree, small enough for workflow history. */
export const ArtifactRef = z.strictObject({ digest: Digest, files: z.int().nonnegative(), bytes: z.int().nonnegative() });
export type ArtifactRef = z.infer<typeof ArtifactRef>;

/** Where things lie in the bucket. Nothing is ever overwritten, except views: the `runs/` and `nightlies/` folders. */
export const objectKeys = {
  blob: (sha256: string) => `v1/blobs/sha256/${sha256.slice(0, 2)}/${sha256}`,
  tree: (digest: string) => `v1/trees/sha256/${digest}.json`,
  record: (stageKey: string) => `v1/records/${stageKey}.json`,
  plan: (digest: string) => `v1/plans/${digest}.json`,
  run: (run: string) => `v1/runs/${run}/run.json`,
  runReport: (run: string) => `v1/runs/${run}/report.html`,
  /** Named by stage and key: a patched stage has another key, and in a sweep every variant has its own. */
  runLog: (run: string, stage: string, key: string, attempt: number) => `v1/runs/${run}/logs/${stage}-${key.slice(0, 12)}-${attempt}.log`,
  teacherAnswer: (requestHash: string) => `v1/teacher/${requestHash.slice(0, 2)}/${requestHash}.json`,
  checkpoint: (stageKey: string, step: number) => `v1/checkpoints/${stageKey}/${String(step).padStart(8, '0')}.json`,
  checkpoints: (stageKey: string) => `v1/checkpoints/${stageKey}/`,
  shard: (stageKey: string, name: string) => `v1/shards/${stageKey}/${name}`,
  shards: (stageKey: string) => `v1/shards/${stageKey}/`,
  /** The bundled workflows of one build, for as long as a run that began with it is open. */
  workflowBuild: (build: string) => `v1/workflow-builds/${build}.js`,
  nightlies: () => 'v1/nightlies/',
  nightly: (name: string) => `v1/nightlies/${name}.json`,
  nightlyOrders: (name: string) => `v1/nightlies/${name}/orders/`,
  nights: (name: string) => `v1/nightlies/${name}/nights/`,
  night: (name: string, run: string) => `v1/nightlies/${name}/nights/${run}.json`,
  goodNight: (name: string) => `v1/nightlies/${name}/good.json`,
  tag: (name: string) => `v1/tags/${name}.json`,
  /** A list of objects that nothing needed when it was made. */
  candidates: (list: string) => `v1/gc/${list}.json`,
  /** There while a sweep deletes what such lists name. */
  sweep: 'v1/gc/sweep.json',
  /** That a sweep has ended: what was seen in the store before may be gone. */
  swept: (sweep: string) => `v1/gc/swept/${sweep}.json`,
  collection: 'v1/gc/',
} as const;
