import { createHash } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { startRehearsalTeacher } from '../../infra/rehearsal-teacher/server.js';

/** What the door does with a call instead of letting it through. `slow`: lets it through, a second late. */
export type DoorMood = 'open' | 'rate-limit' | 'server-error' | 'hang' | 'slow';

/** The rehearsal teacher behind a door that fails on demand and writes down every answer that was paid for. */
export interface TeacherDoor {
  readonly url: string;
  setMood(mood: DoorMood): void;
  /** When each request was answered in full, by the hash of its body. */
  answered(): ReadonlyMap<string, readonly number[]>;
  close(): Promise<void>;
}

const SLOW_MS = 1_000;

export async function startTeacherDoor(): Promise<TeacherDoor> {
  const teacher = await startRehearsalTeacher({ port: 0 });
  const { hostname, port } = new URL(teacher.url);
  const answered = new Map<string, number[]>();
  const hanging = new Set<ServerResponse>();
  let mood: DoorMood = 'open';

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      outgoing.once('finish', () => {
        const hash = createHash('sha256').update(body).digest('hex');
        if (answer.statusCode === 200) answered.set(hash, [...(answered.get(hash) ?? []), Date.now()]);
      });
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(body);
  }

  const door = createServer((incoming, outgoing) => {
    incoming.on('error', () => undefined);
    const refuse = (status: number, headers: Record<string, string> = {}) => {
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":{"message":"chaos"}}');
    };
    if (mood === 'rate-limit') return refuse(429, { 'retry-after': '1' });
    if (mood === 'server-error') return refuse(500);
    if (mood === 'hang') return void hanging.add(outgoing);
    if (mood === 'slow') return void setTimeout(() => void pass(incoming, outgoing).catch(() => outgoing.destroy()), SLOW_MS);
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}/v1`,
    setMood(next) {
      mood = next;
      if (next === 'hang') return;
      for (const one of hanging) one.destroy();
      hanging.clear();
    },
    answered: () => answered,
    async close() {
      door.closeAllConnections();
      await new Promise((closed) => door.close(closed));
      await teacher.stop();
    },
  };
}
