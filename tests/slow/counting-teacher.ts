import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startRehearsalTeacher } from '../../infra/rehearsal-teacher/server.js';

/** The rehearsal teacher behind a door that counts: every request is money. Lives apart from the stack, as a real one does. */
export interface CountingTeacher {
  readonly url: string;
  /** Calls that came in, answered or not. */
  calls(): number;
  close(): Promise<void>;
}

/** A real teacher takes its time; without this a stage would be over before anyone could kill it. */
const ANSWER_TAKES_MS = 100;

export async function startCountingTeacher(): Promise<CountingTeacher> {
  const teacher = await startRehearsalTeacher({ port: 0 });
  const { hostname, port } = new URL(teacher.url);
  let calls = 0;
  const door = createServer((incoming, outgoing) => {
    if (incoming.method === 'POST') calls += 1;
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      setTimeout(() => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }, ANSWER_TAKES_MS);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('error', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}/v1`,
    calls: () => calls,
    async close() {
      door.closeAllConnections();
      await new Promise((closed) => door.close(closed));
      await teacher.stop();
    },
  };
}
