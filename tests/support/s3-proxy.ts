import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

/** A proxy before an S3 server that counts requests and can cut the connection in the middle of one. */
export interface S3Proxy {
  readonly endpoint: string;
  /** Every request: `PUT /bucket/key?partNumber=1…`. */
  readonly requests: string[];
  /** Cuts the connection of each request for which this returns true, before the server hears of it. */
  cutWhen: (request: string) => boolean;
  /** Cuts the connection after the server has done what it was asked, so that the answer is lost. */
  cutAnswerWhen: (request: string) => boolean;
  close(): Promise<void>;
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const { hostname, port } = new URL(target);
  const requests: string[] = [];
  const proxy = { cutWhen: (_request: string): boolean => false, cutAnswerWhen: (_request: string): boolean => false };
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    if (proxy.cutWhen(line)) {
      incoming.socket.destroy();
      return;
    }
    // The Host header is part of the signature: it is passed on as it came.
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      if (proxy.cutAnswerWhen(line)) {
        answer.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(handle);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port');
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  });
}
