import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.js';

/**
 * `checkpoints/<stageKey>/<step>.json`: a checkpoint of a stage that is not done, filed last. Its tree holds
 * `checkpoints/<step>/` as the trainer wrote it, and `metrics-<step>.jsonl`, the metrics of every step up to it.
 */
export const FiledCheckpoint = z.strictObject({
  schemaVersion: z.literal(1),
  stageKey: Digest,
  step: z.int().nonnegative(),
  tree: ArtifactRef,
});
export type FiledCheckpoint = z.infer<typeof FiledCheckpoint>;
