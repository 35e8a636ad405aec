import { z } from 'zod';
import { Job, JobEvent } from './job.js';
import { Plan } from './plan.js';
import { Recipe } from './recipe.js';
import { GrpoRow, InferenceAnswer, InferenceRequest, SftRow } from './rows.js';
import { STAGE_KINDS } from './stages/index.js';
import { SweepFile } from './sweep.js';

/** The JSON Schemas that are published: generated from the zod schemas, committed under contracts/schema/, compared by a test. */
export function jsonSchemas(): Record<'recipe' | 'sweep' | 'plan' | 'job' | 'job-event' | 'rows', Record<string, unknown>> {
  const of = (schema: z.ZodType, io: 'input' | 'output' = 'input') =>
    z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Record<string, unknown>;
  return {
    recipe: recipeSchema(of(Recipe)),
    sweep: of(SweepFile),
    plan: of(Plan),
    job: of(Job),
    'job-event': of(JobEvent),
    rows: { SftRow: of(SftRow), GrpoRow: of(GrpoRow), InferenceRequest: of(InferenceRequest), InferenceAnswer: of(InferenceAnswer) },
  };
}

/** An editor should know each stage's parameters: the stages' slices are written out under `stages`. */
function recipeSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const properties = schema['properties'] as Record<string, Record<string, unknown>>;
  const stage = (properties['stages']!['additionalProperties'] as { anyOf: Record<string, unknown>[] }).anyOf[0]!;
  const known = Object.values(STAGE_KINDS).map((kind) => {
    const slice = z.toJSONSchema(kind.params, { io: 'input' }) as Record<string, unknown>;
    const merged = {
      ...slice,
      description: kind.title,
      properties: { ...(stage['properties'] as object), ...(slice['properties'] as object) },
      additionalProperties: false,
    };
    return [kind.kind, { anyOf: [merged, { type: 'null' }] }] as const;
  });
  return { ...schema, properties: { ...properties, stages: { ...properties['stages'], properties: Object.fromEntries(known) } } };
}
