import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { createOpenAiTeacher } from '../../adapters/teacher/openai.js';
import { createTeacherLedger } from '../../activities/teacher/ledger.js';
import type { SynthesisContext } from '../../activities/synthesis/synthesis-context.js';
import type { TeacherClient } from '../../contracts/ports/teacher-client.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { TeacherReply, TeacherRequest } from '../../contracts/teacher.js';
import { type RehearsalTeacher, startRehearsalTeacher } from '../../infra/rehearsal-teacher/server.js';

export interface Call {
  readonly request: TeacherRequest;
  readonly images: readonly Buffer[];
}

export interface Rehearsed {
  readonly folder: string;
  readonly objects: ObjectStore;
  /** Calls that went over the wire since the last `forget`. */
  readonly calls: Call[];
  /** Changes what the teacher answers; null = as it is. */
  alter: ((request: TeacherRequest, reply: TeacherReply) => TeacherReply) | null;
  /** A stage's context on `dataRoot` that writes into `<folder>/<name>`. */
  context<Params>(dataRoot: string, name: string, params: Params, changes?: Partial<SynthesisContext<Params>>): SynthesisContext<Params>;
  stop(): Promise<void>;
}

/** The rehearsal teacher on a port of its own, a ledger in memory, and a temporary folder. */
export async function rehearse(): Promise<Rehearsed> {
  const folder = await mkdtemp(join(tmpdir(), 'judo-synthesis-'));
  const teacher: RehearsalTeacher = await startRehearsalTeacher({ port: 0 });
  const wire = createOpenAiTeacher({ baseUrl: teacher.url, apiKey: 'none', timeoutMs: 30_000 });
  const objects = createMemoryObjectStore();
  const codec = createSharpCodec();
  const rehearsed: Rehearsed = {
    folder,
    objects,
    calls: [],
    alter: null,
    context: (dataRoot, name, params, changes = {}) => ({
      params,
      dataRoot,
      inputDirs: {},
      outputDir: join(folder, name),
      codec,
      ledger: createTeacherLedger({ objects, client }),
      concurrency: 4,
      onProgress: () => undefined,
      ...changes,
    }),
    stop: async () => {
      await teacher.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const client: TeacherClient = {
    async ask(request, images, signal) {
      rehearsed.calls.push({ request, images });
      const reply = await wire.ask(request, images, signal);
      return rehearsed.alter ? rehearsed.alter(request, reply) : reply;
    },
  };
  return rehearsed;
}
