import { z } from 'zod';
import { Digest } from './artifact.js';

/** One call to the teacher. Its hash (canonical JSON, images by digest) is its identity in the ledger. */
export const TeacherRequest = z.strictObject({
  model: z.string(),
  /** Names the prompt's text and its revision, for instance `golden-reasoning@1`. */
  promptVersion: z.string(),
  system: z.string(),
  user: z.string(),
  images: z.array(z.strictObject({ digest: Digest, mediaType: z.enum(['image/jpeg', 'image/png']) })),
  /** JSON Schema of the structured output, with its name. */
  schema: z.strictObject({ name: z.string(), schema: z.record(z.string(), z.unknown()) }),
  temperature: z.number().min(0).max(2),
  maxOutputTokens: z.int().positive(),
  sampleIndex: z.int().nonnegative(),
  /** Set where the teacher is to be asked anew: no answer filed before is one to this request. */
  salt: z.string().optional(),
});
export type TeacherRequest = z.infer<typeof TeacherRequest>;

/** A filed answer. Refusals and cut answers are answers too: recorded, and judged by the stage. */
export const TeacherAnswer = z.strictObject({
  schemaVersion: z.literal(1),
  requestHash: Digest,
  model: z.string(),
  status: z.enum(['ok', 'refused', 'truncated', 'invalid']),
  /** The structured output, validated, when `status` is ok. */
  content: z.unknown(),
  /** What the teacher said when `status` is not ok. */
  raw: z.string(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  answeredAt: z.iso.datetime(),
  /** True when the endpoint declares itself our rehearsal teacher (header `x-judo-rehearsal`). */
  rehearsal: z.boolean(),
});
export type TeacherAnswer = z.infer<typeof TeacherAnswer>;

/** What a TeacherClient returns. The wire knows nothing of the ledger's hash: the ledger adds it. */
export const TeacherReply = TeacherAnswer.omit({ requestHash: true });
export type TeacherReply = z.infer<typeof TeacherReply>;
