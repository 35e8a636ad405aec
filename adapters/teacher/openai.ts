import OpenAI from 'openai';
import type { ChatCompletion, ChatCompletionContentPart } from 'openai/resources/chat/completions';
import { z } from 'zod';
import type { TeacherClient } from '../../contracts/ports/teacher-client.js';
import type { TeacherReply, TeacherRequest } from '../../contracts/teacher.js';
import { StageError } from '../../contracts/failure.js';
import { toTeacherError } from './teacher-errors.js';

export interface OpenAiTeacherOptions {
  /** Any OpenAI-compatible endpoint, with its `/v1`; OpenAI itself by default. */
  readonly baseUrl?: string;
  readonly apiKey: string;
  /** For one whole call, answer read to its end. */
  readonly timeoutMs: number;
}

const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * A teacher behind an OpenAI-compatible endpoint. One call is one HTTP request: retries are the caller's, who files answers.
 * An aborted `signal` rejects with the signal's reason. The key is in no error.
 */
export function createOpenAiTeacher({ baseUrl, apiKey, timeoutMs }: OpenAiTeacherOptions): TeacherClient {
  // `organization`, `project` and the log level are left to OPENAI_* variables, as the SDK's users expect.
  const client = new OpenAI({ apiKey, baseURL: baseUrl ?? OPENAI_URL, maxRetries: 0, timeout: timeoutMs });
  return {
    async ask(request, images, signal) {
      signal?.throwIfAborted();
      // The SDK's own time-out ends with the headers; this one covers a body that never ends.
      const deadline = AbortSignal.timeout(timeoutMs);
      const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
      try {
        const { data, response } = await client.chat.completions.create(toChat(request, images), { signal: either }).withResponse();
        return toReply(request, data, response.headers.get('x-judo-rehearsal') === '1');
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw toTeacherError(error, { endpoint: client.baseURL, apiKey, model: request.model, timeoutMs, timedOut: deadline.aborted });
      }
    },
  };
}

function toChat(request: TeacherRequest, images: readonly Buffer[]): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const pictures = request.images.map((image, index): ChatCompletionContentPart => {
    const bytes = images[index];
    if (!bytes) throw new TypeError(`image ${index} of ${request.images.length} (${image.digest}) was not given`);
    return { type: 'image_url', image_url: { url: `data:${image.mediaType};base64,${bytes.toString('base64')}` } };
  });
  return {
    model: request.model,
    messages: [
      { role: 'system', content: request.system },
      { role: 'user', content: [...pictures, { type: 'text', text: request.user }] },
    ],
    temperature: request.temperature,
    max_completion_tokens: request.maxOutputTokens,
    seed: request.sampleIndex,
    response_format: { type: 'json_schema', json_schema: { name: request.schema.name, strict: true, schema: request.schema.schema } },
  };
}

function toReply(request: TeacherRequest, completion: ChatCompletion, rehearsal: boolean): TeacherReply {
  const choice = completion?.choices?.[0];
  if (!choice?.message) {
    throw new StageError({
      type: 'TeacherRefused',
      message: `the teacher's endpoint answered ${request.model} with something that is no chat completion: ${excerpt(completion)}`,
      remedy: 'check that teacher.baseUrl is an OpenAI-compatible endpoint and ends with its version, for instance /v1',
    });
  }
  const verdict = judge(request, choice);
  return {
    schemaVersion: 1,
    model: completion.model ?? request.model,
    ...verdict,
    inputTokens: completion.usage?.prompt_tokens ?? 0,
    outputTokens: completion.usage?.completion_tokens ?? 0,
    answeredAt: new Date().toISOString(),
    rehearsal,
  };
}

function judge(request: TeacherRequest, choice: ChatCompletion.Choice): Pick<TeacherReply, 'status' | 'content' | 'raw'> {
  const text = choice.message.content ?? '';
  if (choice.message.refusal) return { status: 'refused', content: null, raw: choice.message.refusal };
  if (choice.finish_reason === 'content_filter') return { status: 'refused', content: null, raw: text };
  if (choice.finish_reason === 'length') return { status: 'truncated', content: null, raw: text };
  const content = parseJson(text);
  if (content === undefined || !schemaOf(request).safeParse(content).success) return { status: 'invalid', content: null, raw: text };
  return { status: 'ok', content, raw: '' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function schemaOf(request: TeacherRequest): z.ZodType {
  return z.fromJSONSchema(request.schema.schema as Parameters<typeof z.fromJSONSchema>[0]);
}

function excerpt(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 200);
}
