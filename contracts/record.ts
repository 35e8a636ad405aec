import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.js';

/** Tokens and money that teacher calls of a stage used. `paidCalls` went over the wire; `filedCalls` were found in the ledger. */
export const TeacherUsage = z.strictObject({
  model: z.string(),
  paidCalls: z.int().nonnegative(),
  filedCalls: z.int().nonnegative(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  usd: z.number().nonnegative().nullable(),
  refused: z.int().nonnegative(),
  truncated: z.int().nonnegative(),
});
export type TeacherUsage = z.infer<typeof TeacherUsage>;

/** What stands in for the real thing in this stage; shown at the top of every report. */
export const StandIn = z.enum(['rehearsal-teacher', 'tiny-model', 'demo-plant']);
export type StandIn = z.infer<typeof StandIn>;

/**
 * `records/<stageKey>.json`: written last and once. A stage whose record exists is done; nothing else decides it.
 * Everything that the key hashes is repeated here in clear, so that `judo why` can name the field that differed.
 */
export const StageRecord = z.strictObject({
  schemaVersion: z.literal(1),
  key: Digest,
  stage: z.string(),
  kind: z.string(),
  implementationVersion: z.int().positive(),
  params: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), Digest),
  outputs: z.record(z.string(), ArtifactRef),
  /** Small figures for people: final loss, rows written, accuracy. Never read by another stage. */
  summary: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  standIns: z.array(StandIn),
  teacher: TeacherUsage.optional(),
  run: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  attempts: z.int().positive(),
  /** Versions that could matter to a reader of the result: node, python, torch, device. Not in the key. */
  environment: z.record(z.string(), z.string()),
  /** sha256 of everything else as canonical JSON, given when it is filed: an edited record is told. Those of before have none. */
  digest: Digest.optional(),
});
export type StageRecord = z.infer<typeof StageRecord>;
