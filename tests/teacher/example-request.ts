import { z } from 'zod';
import type { TeacherRequest } from '../../contracts/teacher.js';

/** A valid request for one sentence; `changes` replace fields. */
export function exampleRequest(changes: Partial<TeacherRequest> = {}): TeacherRequest {
  return {
    model: 'gpt-test',
    promptVersion: 'example@1',
    system: 'You inspect.',
    user: 'Say one sentence.',
    images: [],
    schema: { name: 'sentence', schema: z.toJSONSchema(z.strictObject({ text: z.string().min(1) })) },
    temperature: 0.7,
    maxOutputTokens: 100,
    sampleIndex: 0,
    ...changes,
  };
}
