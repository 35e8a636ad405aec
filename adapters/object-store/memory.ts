import { Readable } from 'node:stream';
import type { ObjectInfo, ObjectStore } from '../../contracts/ports/object-store.js';
import { assertObjectKey } from './object-key.js';
import { uploadPieces } from './upload-source.js';

const PIECE_BYTES = 1 << 20;

/** An ObjectStore that lives and dies with the process: for tests and for trying things. */
export function createMemoryObjectStore(): ObjectStore {
  const objects = new Map<string, { body: Buffer; modified: Date }>();
  const write = (key: string, body: Buffer) => objects.set(key, { body, modified: new Date() });
  return {
    description: 'memory',
    async head(key) {
      assertObjectKey(key);
      const object = objects.get(key);
      return object ? { key, bytes: object.body.length, modified: object.modified } : null;
    },
    async get(key) {
      assertObjectKey(key);
      const object = objects.get(key);
      return object ? Buffer.from(object.body) : null;
    },
    async open(key) {
      assertObjectKey(key);
      const object = objects.get(key);
      return object ? Readable.from([Buffer.from(object.body)], { objectMode: false }) : null;
    },
    async put(key, body, options = {}) {
      assertObjectKey(key);
      if (options.ifAbsent && objects.has(key)) return 'exists';
      write(key, Buffer.from(body));
      return 'written';
    },
    async upload(key, file, options) {
      assertObjectKey(key);
      const pieces: Buffer[] = [];
      let sent = 0;
      for await (const piece of uploadPieces(file, options, PIECE_BYTES)) {
        options.signal?.throwIfAborted();
        pieces.push(piece);
        options.onProgress?.((sent += piece.length));
      }
      write(key, Buffer.concat(pieces));
    },
    async *list(prefix): AsyncGenerator<ObjectInfo> {
      for (const key of [...objects.keys()].filter((k) => k.startsWith(prefix)).sort()) {
        const object = objects.get(key);
        if (object) yield { key, bytes: object.body.length, modified: object.modified };
      }
    },
    async delete(key) {
      assertObjectKey(key);
      objects.delete(key);
    },
  };
}
