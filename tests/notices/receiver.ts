import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: Record<string, unknown> & { text: string; event: string; sentAt: string };
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A webhook's receiver on a real port: keeps what it gets and answers what it is told, 200 at the end. */
export async function startReceiver(answers: readonly Answer[] = []) {
  const received: Received[] = [];
  const queue = [...answers];
  const server = createServer((request, response) => {
    void (async () => {
      const raw = await text(request);
      received.push({ headers: request.headers, raw, body: JSON.parse(raw) as Received['body'] });
      const { status, headers = {}, body = 'ok' } = queue.shift() ?? { status: 200 };
      response.writeHead(status, headers).end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T0/B0/the-secret-part`,
    received,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What a receiver does with the signature. */
export function isSigned({ headers, raw }: Received, secret: string): boolean {
  const given = Buffer.from(String(headers['x-judo-signature']));
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
