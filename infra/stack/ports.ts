import { createServer } from 'node:net';

/** The first free port of the preferred ones on loopback, else any free one. */
export async function freePort(preferred: readonly number[], taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (const port of preferred) {
    if (!taken.has(port) && (await bind(port)) !== null) return port;
  }
  for (;;) {
    const port = await bind(0);
    if (port !== null && !taken.has(port)) return port;
  }
}

/** Binds a port for a moment: its number, or null when it is taken. */
function bind(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
