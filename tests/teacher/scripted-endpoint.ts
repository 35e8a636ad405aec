import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Turn = (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void;

export interface ScriptedEndpoint {
  readonly url: string;
  /** Bodies of the requests so far. */
  readonly requests: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** A chat-completions endpoint that answers turn by turn; the last turn repeats. */
export async function scriptedEndpoint(turns: readonly [Turn, ...Turn[]]): Promise<ScriptedEndpoint> {
  const requests: Record<string, unknown>[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      requests.push(body);
      (turns[Math.min(requests.length, turns.length) - 1] ?? turns[0])(response, body, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface Said {
  content?: string | null;
  refusal?: string;
  finish?: string;
}

/** A turn that answers as a model would. */
export function says({ content = null, refusal, finish = 'stop' }: Said): Turn {
  return (response) =>
    json(response, 200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model: 'gpt-test-2026',
      choices: [{ index: 0, message: { role: 'assistant', content, refusal: refusal ?? null }, finish_reason: finish }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
}

/** A turn that fails with OpenAI's shape of an error. */
export function fails(status: number, options: { code?: string; message?: string; headers?: Record<string, string> } = {}): Turn {
  const { code = null, message = 'no', headers = {} } = options;
  return (response) => json(response, status, { error: { message, type: 'test', param: null, code } }, headers);
}

function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
