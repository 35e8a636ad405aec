import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { ChatRequest, completionOf, errorOf, RequestProblem } from './chat.js';

/** The model name that its answers carry, whatever model was asked for. */
export const REHEARSAL_MODEL = 'rehearsal';

export interface RehearsalTeacher {
  /** For `teacher.baseUrl`: ends with /v1. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A small OpenAI-compatible server that answers our own prompts from the request itself: no key, no network, no model.
 * Every response says so (`x-judo-rehearsal: 1`, model `rehearsal`). Rejects when the port is taken; port 0 takes a free one.
 */
export async function startRehearsalTeacher({ port, host = '127.0.0.1' }: { port: number; host?: string }): Promise<RehearsalTeacher> {
  const server = await listen(rehearsalApp(), port, host);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}/v1`,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      }),
  };
}

/** The HTTP routes, without a port. */
export function rehearsalApp(): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('x-judo-rehearsal', '1');
  });
  app.get('/health', (context) => context.json({ status: 'ok', teacher: REHEARSAL_MODEL }));
  app.get('/v1/models', (context) =>
    context.json({ object: 'list', data: [{ id: REHEARSAL_MODEL, object: 'model', created: 0, owned_by: 'judo-pipeline' }] }),
  );
  app.post('/v1/chat/completions', async (context) => {
    const body: unknown = await context.req.json().catch(() => {
      throw new RequestProblem('the body is not JSON');
    });
    const request = ChatRequest.safeParse(body);
    if (!request.success) throw new RequestProblem(request.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
    return context.json(await completionOf(request.data, REHEARSAL_MODEL));
  });
  app.notFound((context) => context.json(errorOf(`no such path: ${context.req.method} ${context.req.path}`, 'not_found'), 404));
  app.onError((error, context) => {
    context.header('x-judo-rehearsal', '1');
    if (error instanceof RequestProblem) return context.json(errorOf(error.message, 'invalid_request_error'), 400);
    return context.json(errorOf(error.message, 'server_error'), 500);
  });
  return app;
}

function listen(app: Hono, port: number, hostname: string): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname }, () => resolve(server));
    server.once('error', reject);
  });
}
