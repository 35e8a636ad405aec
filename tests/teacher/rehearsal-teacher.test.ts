import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createOpenAiTeacher } from '../../adapters/teacher/openai.js';
import type { TeacherReply, TeacherRequest } from '../../contracts/teacher.js';
import { type RehearsalTeacher, startRehearsalTeacher } from '../../infra/rehearsal-teacher/server.js';
import { exampleRequest } from './example-request.js';

let teacher: RehearsalTeacher;
beforeAll(async () => {
  teacher = await startRehearsalTeacher({ port: 0 });
});
afterAll(() => teacher.stop());

const ask = (changes: Partial<TeacherRequest>, images: Buffer[] = []): Promise<TeacherReply> =>
  createOpenAiTeacher({ baseUrl: teacher.url, apiKey: 'none', timeoutMs: 10_000 }).ask(exampleRequest(changes), images);

const SNIPPET = `<domain_knowledge> <Mouse bite>
 Description: A small concave notch is missing from the edge of a trace. The trace stays connected but is narrower there, which raises its resistance. Mouse bites come from local over-etching. They touch the border of the copper, unlike a pin hole.</domain_knowledge>`;

const schema = (name: string, shape: z.ZodType): TeacherRequest['schema'] => ({
  name,
  schema: z.toJSONSchema(shape) as Record<string, unknown>,
});

/** A grey picture, 320x320, with a red rectangle's outline at (left, top) of 60x40 when given. */
async function picture(outlineAt?: { left: number; top: number }): Promise<Buffer> {
  const svg = outlineAt
    ? `<rect x="${outlineAt.left}" y="${outlineAt.top}" width="60" height="40" fill="#333" stroke="#f00" stroke-width="3"/>`
    : '';
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="320"><rect width="320" height="320" fill="#bbb"/>${svg}</svg>`,
    ),
  )
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
const two: TeacherRequest['images'] = [
  { digest: 'a'.repeat(64), mediaType: 'image/jpeg' },
  { digest: 'b'.repeat(64), mediaType: 'image/jpeg' },
];

describe('the rehearsal teacher', () => {
  test('says in every response that it is one', async () => {
    const reply = await ask({});
    expect(reply).toMatchObject({ status: 'ok', rehearsal: true, model: 'rehearsal' });
    expect(reply.inputTokens).toBeGreaterThan(0);
    const health = await fetch(teacher.url.replace('/v1', '/health'));
    expect(health.headers.get('x-judo-rehearsal')).toBe('1');
    const models = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(await (await fetch(`${teacher.url}/models`)).json());
    expect(models.data.map(({ id }) => id)).toEqual(['rehearsal']);
  });

  test('gives the same request the same answer, and another sample another one', async () => {
    const pairs = {
      user: `${SNIPPET}<product>pcb</product><condition>mousebite</condition><count>4</count>`,
      schema: schema('domain-pairs', z.any()),
      maxOutputTokens: 1000,
    };
    const [first, same, other] = [await ask(pairs), await ask(pairs), await ask({ ...pairs, sampleIndex: 1 })];
    expect(same.content).toEqual(first.content);
    expect(other.content).not.toEqual(first.content);
  });

  test('places the outlined defect and compares its brightness', async () => {
    const user = `${SNIPPET}<product>pcb</product><condition>mousebite</condition>`;
    const shape = schema('seg-comparison', z.strictObject({ comparison: z.string() }));
    const images = await Promise.all([picture({ left: 240, top: 20 }), picture()]);
    const { content } = await ask({ user, schema: shape, images: two }, images);
    const { comparison } = z.object({ comparison: z.string() }).parse(content);
    expect(comparison).toMatch(/upper right/);
    expect(comparison).toMatch(/clearly darker/);
    expect(comparison).toMatch(/mouse bite/);
    expect(comparison).not.toMatch(/outline|box|red\b/i);
  });

  test.each([
    [{ left: 140, top: 20 }, 'upper part'],
    [{ left: 140, top: 260 }, 'lower part'],
    [{ left: 20, top: 140 }, 'left part'],
    [{ left: 140, top: 140 }, 'centre'],
  ])('names a place %o as the %s of the picture', async (place, name) => {
    const user = `${SNIPPET}<product>pcb</product><condition>mousebite</condition>`;
    const shape = schema('seg-comparison', z.strictObject({ comparison: z.string() }));
    const { content } = await ask({ user, schema: shape, images: two }, await Promise.all([picture(place), picture()]));
    expect(JSON.stringify(content)).toMatch(new RegExp(`the ${name} of the picture`));
  });

  test('writes as many different pairs as asked, each answer a statement of the snippet', async () => {
    const already = 'What gives rise to the defect ‘mouse bite’?';
    const user = `${SNIPPET}<product>pcb</product><condition>mousebite</condition><count>30</count><already_asked>- ${already}</already_asked>`;
    const pair = z.strictObject({ question: z.string(), answer: z.string() });
    const { content } = await ask({
      user,
      schema: schema('domain-pairs', z.strictObject({ pairs: z.array(pair) })),
      maxOutputTokens: 5000,
    });
    const { pairs } = z.object({ pairs: z.array(pair) }).parse(content);
    expect(new Set(pairs.map(({ question }) => question)).size).toBe(30);
    expect(pairs.map(({ question }) => question)).not.toContain(already);
    for (const { answer } of pairs) expect(SNIPPET).toContain(answer.replace(/\.$/, ''));
  });

  test.each([
    ['35-101', 'Upper left', 'Lower right'],
    ['12-45', 'Upper left', 'Lower right'],
    ['12-45', 'A hole in the board that is larger than all others', 'A bite out of a track, with a ragged edge'],
    [
      '12-45',
      'It is of no consequence for the function of this board at all',
      'The track is thinner there, and may burn when the current is high',
    ],
    // With both options named the conclusion alone is longer than that.
    [
      '12-45',
      'It is of no consequence at all for the function or the life of this board',
      'The track is thinner there than everywhere else on the board, and may burn when the current is high',
    ],
  ])('writes reasoning of %s words that ends in the right answer', async (words, wrong, right) => {
    const user = `${SNIPPET}<product>pcb</product><condition>mousebite</condition><question>Which is true?</question>
<options>A. ${wrong}\nB. ${right}</options><right_answer>B</right_answer><words>${words}</words>`;
    const shape = schema('golden-reasoning', z.strictObject({ reasoning: z.string() }));
    const [least, most] = words.split('-').map(Number) as [number, number];
    for (let sampleIndex = 0; sampleIndex < 12; sampleIndex += 1) {
      const { content } = await ask({ user, schema: shape, maxOutputTokens: 400, sampleIndex });
      const { reasoning } = z.object({ reasoning: z.string() }).parse(content);
      const count = reasoning.split(/\s+/).length;
      expect(count, reasoning).toBeGreaterThanOrEqual(least);
      expect(count, reasoning).toBeLessThanOrEqual(most);
      expect(reasoning).toContain(right);
      expect(reasoning).toMatch(/answer is B\.$/);
    }
  });

  test('fills a schema that it does not know', async () => {
    const shape = z.strictObject({
      kind: z.enum(['a', 'b']),
      score: z.int().min(1).max(5),
      tags: z.array(z.string()),
      note: z.string().nullable(),
    });
    const reply = await ask({ schema: schema('something-else', shape) });
    expect(shape.safeParse(reply.content).error).toBeUndefined();
  });

  test('cuts an answer at the asked number of tokens', async () => {
    expect(await ask({ maxOutputTokens: 3 })).toMatchObject({ status: 'truncated', outputTokens: 3 });
  });

  test('refuses a broken request with OpenAI’s shape of an error', async () => {
    const shape = schema('seg-comparison', z.any());
    await expect(ask({ images: two.slice(0, 1), schema: shape }, [Buffer.from('no picture')])).rejects.toMatchObject({
      failure: { type: 'InvalidSpec', message: expect.stringContaining('cannot be decoded') },
    });
    const response = await fetch(`${teacher.url}/chat/completions`, { method: 'POST', body: '{"half' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect((await fetch(`${teacher.url}/nothing`)).status).toBe(404);
  });
});

test('a taken port is refused', async () => {
  await expect(startRehearsalTeacher({ port: Number(new URL(teacher.url).port) })).rejects.toThrow('EADDRINUSE');
});
