import { afterEach, describe, expect, test } from 'vitest';
import { createOpenAiTeacher } from '../../adapters/teacher/openai.js';
import { retryAfterMs } from '../../adapters/teacher/teacher-errors.js';
import { StageError } from '../../contracts/failure.js';
import type { TeacherReply, TeacherRequest } from '../../contracts/teacher.js';
import { exampleRequest } from './example-request.js';
import { fails, says, scriptedEndpoint, type ScriptedEndpoint, type Turn } from './scripted-endpoint.js';

const KEY = 'sk-test-secret-0123456789';
let endpoint: ScriptedEndpoint | undefined;

afterEach(async () => {
  await endpoint?.stop();
  endpoint = undefined;
});

async function ask(turn: Turn, request: Partial<TeacherRequest> = {}, images: Buffer[] = [], timeoutMs = 5000): Promise<TeacherReply> {
  endpoint = await scriptedEndpoint([turn]);
  return createOpenAiTeacher({ baseUrl: endpoint.url, apiKey: KEY, timeoutMs }).ask(exampleRequest(request), images);
}

async function failureOf(turn: Turn, timeoutMs?: number): Promise<StageError> {
  const error: unknown = await ask(turn, {}, [], timeoutMs).then(
    () => expect.fail('expected a failure'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof StageError)) throw error;
  expect(endpoint?.requests).toHaveLength(1);
  return error;
}

describe('a request', () => {
  test('carries images as data URLs before the text, and the schema as a strict structured output', async () => {
    const picture = Buffer.from('not really a picture');
    await ask(says({ content: '{"text":"fine"}' }), { images: [{ digest: 'a'.repeat(64), mediaType: 'image/jpeg' }], sampleIndex: 3 }, [
      picture,
    ]);
    expect(endpoint?.requests[0]).toMatchObject({
      model: 'gpt-test',
      seed: 3,
      max_completion_tokens: 100,
      response_format: { type: 'json_schema', json_schema: { name: 'sentence', strict: true } },
      messages: [
        { role: 'system', content: 'You inspect.' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${picture.toString('base64')}` } },
            { type: 'text', text: 'Say one sentence.' },
          ],
        },
      ],
    });
  });
});

describe('an answer', () => {
  test('that fits the schema is ok, with its tokens and the model that gave it', async () => {
    const reply = await ask(says({ content: '{"text":"fine"}' }));
    expect(reply).toMatchObject({
      status: 'ok',
      content: { text: 'fine' },
      model: 'gpt-test-2026',
      inputTokens: 11,
      outputTokens: 7,
      rehearsal: false,
    });
  });

  test.each<[string, Turn, TeacherReply['status'], string]>([
    ['a refusal', says({ refusal: 'I cannot help.' }), 'refused', 'I cannot help.'],
    ['a content filter', says({ content: 'half', finish: 'content_filter' }), 'refused', 'half'],
    ['an answer cut at the length limit', says({ content: '{"text":"fi', finish: 'length' }), 'truncated', '{"text":"fi'],
    ['invalid JSON', says({ content: 'Sure! {"text"' }), 'invalid', 'Sure! {"text"'],
    ['an answer that breaks the schema', says({ content: '{"words":"fine"}' }), 'invalid', '{"words":"fine"}'],
    ['an empty answer', says({ content: null }), 'invalid', ''],
  ])('that is %s is recorded as such and not thrown', async (_, turn, status, raw) => {
    expect(await ask(turn)).toMatchObject({ status, raw, content: null });
  });
});

describe('a failure', () => {
  test.each<[string, Turn, string]>([
    ['401', fails(401, { message: `Incorrect API key provided: ${KEY}` }), 'TeacherRefused'],
    ['403', fails(403), 'TeacherRefused'],
    ['404', fails(404), 'TeacherRefused'],
    ['429 for want of credit', fails(429, { code: 'insufficient_quota' }), 'TeacherRefused'],
    ['400', fails(400), 'InvalidSpec'],
    ['422', fails(422), 'InvalidSpec'],
    ['429', fails(429), 'Transient'],
    ['500', fails(500), 'Transient'],
    ['503', fails(503), 'Transient'],
    ['a connection that breaks', (response) => response.destroy(), 'Transient'],
    ['JSON that breaks off', (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": ['), 'Transient'],
    ['a web page', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'), 'TeacherRefused'],
  ])('of %s is tried once and classed', async (_, turn, type) => {
    const error = await failureOf(turn);
    expect(error.failure.type).toBe(type);
    if (type !== 'Transient') expect(error.failure.remedy).toBeTruthy();
  });

  test('of an endpoint that never answers, or never ends its answer, is transient', async () => {
    expect((await failureOf(() => undefined, 100)).failure).toMatchObject({ type: 'Transient', message: expect.stringContaining('0.1 s') });
    await endpoint?.stop();
    const halfAnAnswer: Turn = (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices"');
    expect((await failureOf(halfAnAnswer, 100)).failure.type).toBe('Transient');
  });

  test('of a closed port names the address', async () => {
    endpoint = await scriptedEndpoint([fails(500)]);
    await endpoint.stop();
    const teacher = createOpenAiTeacher({ baseUrl: endpoint.url, apiKey: KEY, timeoutMs: 5000 });
    await expect(teacher.ask(exampleRequest(), [])).rejects.toMatchObject({
      failure: { type: 'Transient', message: expect.stringMatching(/127\.0\.0\.1.*ECONNREFUSED/) },
    });
  });

  test('never shows the key', async () => {
    const error = await failureOf(fails(401, { message: `Incorrect API key provided: ${KEY}. Keys look like sk-ab****wxyz.` }));
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(/sk-/);
    expect(error.message).toContain('[key]');
  });

  test('that names a time to wait passes it on', async () => {
    expect((await failureOf(fails(429, { headers: { 'retry-after': '7' } }))).options.retryAfterMs).toBe(7000);
    expect((await failureOf(fails(503, { headers: { 'retry-after-ms': '125', 'retry-after': '7' } }))).options.retryAfterMs).toBe(125);
    expect((await failureOf(fails(429))).options.retryAfterMs).toBeUndefined();
  });
});

test('Retry-After is read in seconds and as a date; nonsense is no time at all', () => {
  const at = (value: string): number | undefined => retryAfterMs(new Headers({ 'retry-after': value }), Date.parse('2026-11-21T10:00:00Z'));
  expect(at('1.5')).toBe(1500);
  expect(at('Sat, 21 Nov 2026 10:00:30 GMT')).toBe(30_000);
  expect(at('Sat, 21 Nov 2026 09:00:00 GMT')).toBe(0);
  expect(at('soon')).toBeUndefined();
});

test('an aborted call rejects with the signal’s own reason', async () => {
  const left = new AbortController();
  endpoint = await scriptedEndpoint([() => left.abort(new Error('the stage was cancelled'))]);
  const teacher = createOpenAiTeacher({ baseUrl: endpoint.url, apiKey: KEY, timeoutMs: 5000 });
  await expect(teacher.ask(exampleRequest(), [], left.signal)).rejects.toThrow('the stage was cancelled');
});
