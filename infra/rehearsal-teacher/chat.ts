import { z } from 'zod';
import { readBrief } from './brief.js';
import { type Chance, chanceOf } from './chance.js';
import { comparisonAnswer } from './comparison.js';
import { domainPairsAnswer } from './domain-pairs.js';
import { fillSchema } from './fill-schema.js';
import { paraphraseAnswer } from './paraphrase.js';
import { type PictureFacts, pictureFacts } from './picture-facts.js';
import { reasoningAnswer } from './reasoning.js';

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
]);

/** The part of OpenAI's chat-completion request that is understood; other fields are ignored. */
export const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(Part)]) })).min(1),
  seed: z.int().nullish(),
  temperature: z.number().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  max_tokens: z.int().positive().nullish(),
  stream: z.literal(false, 'streaming is not offered').nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('json_schema'), json_schema: z.object({ name: z.string(), schema: z.record(z.string(), z.unknown()) }) }),
      z.object({ type: z.enum(['text', 'json_object']) }),
    ])
    .nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** What is wrong with a request: answered with 400. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
}

/** OpenAI's shape of an error. */
export function errorOf(message: string, type: string): object {
  return { error: { message, type, param: null, code: null } };
}

/** OpenAI's shape of an answer. A text beyond the asked number of tokens is cut, as a real model's would be. */
export async function completionOf(request: ChatRequest, model: string): Promise<object> {
  const text = textOf(request);
  const images = imagesOf(request);
  const chance = chanceOf(JSON.stringify([text, request.seed ?? 0, images.length]));
  const answer = await answerOf(request, text, images, chance);
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.MAX_SAFE_INTEGER;
  const cut = tokens(answer) > limit;
  const content = cut ? answer.slice(0, limit * CHARACTERS_A_TOKEN) : answer;
  const [prompt, completion] = [tokens(text) + images.length * IMAGE_TOKENS, tokens(content)];
  return {
    id: `chatcmpl-rehearsal-${Math.floor(chance.next() * 2 ** 32).toString(16)}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    system_fingerprint: 'judo-rehearsal',
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: cut ? 'length' : 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
}

const CHARACTERS_A_TOKEN = 4;
/** OpenAI's count for one 512x512 picture: 85 + 170. */
const IMAGE_TOKENS = 255;

function tokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_A_TOKEN);
}

async function answerOf(request: ChatRequest, text: string, images: readonly Buffer[], chance: Chance): Promise<string> {
  const format = request.response_format;
  if (format?.type !== 'json_schema') return 'This is the rehearsal teacher: it answers structured outputs only.';
  const brief = readBrief(text);
  switch (format.json_schema.name) {
    case 'seg-comparison':
      return JSON.stringify(comparisonAnswer(brief, await factsOf(images), chance));
    case 'domain-pairs':
      return JSON.stringify(domainPairsAnswer(brief, chance));
    case 'paraphrase':
      return JSON.stringify(paraphraseAnswer(brief, chance));
    case 'golden-reasoning':
      return JSON.stringify(reasoningAnswer(brief, chance));
    default:
      return JSON.stringify(fillSchema(format.json_schema.schema, chance));
  }
}

function factsOf(images: readonly Buffer[]): Promise<PictureFacts> {
  return pictureFacts(images).catch((error: unknown) => {
    throw new RequestProblem(`an image cannot be decoded: ${String(error)}`);
  });
}

function textOf({ messages }: ChatRequest): string {
  return messages
    .flatMap(({ content }) =>
      typeof content === 'string' ? [content] : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
    )
    .join('\n');
}

function imagesOf({ messages }: ChatRequest): Buffer[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap((part) => (part.type === 'image_url' ? [fromDataUrl(part.image_url.url)] : [])),
  );
}

function fromDataUrl(url: string): Buffer {
  const base64 = /^data:image\/(?:jpeg|png|webp);base64,(.+)$/s.exec(url)?.[1];
  if (base64 === undefined) throw new RequestProblem('an image must be a data URL of a JPEG, PNG or WebP picture');
  return Buffer.from(base64, 'base64');
}
