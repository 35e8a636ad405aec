import { setTimeout as delay } from 'node:timers/promises';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import type { TeacherClient } from '../../contracts/ports/teacher-client.js';
import { TeacherAnswer, type TeacherRequest } from '../../contracts/teacher.js';
import { teacherRequestHash } from './request-hash.js';

/** USD per million tokens; a missing price makes the cost unknown, never zero. */
export interface TeacherPrices {
  readonly usdPerMillionInput?: number;
  readonly usdPerMillionOutput?: number;
}

export interface TeacherCall {
  readonly answer: TeacherAnswer;
  /** True when this call went over the wire just now; false when it was found filed. */
  readonly paid: boolean;
}

export interface LedgerAnswer extends TeacherCall {
  /** Every answer that was looked at for this request, the last one included: more than one after refused or cut answers. */
  readonly calls: readonly TeacherCall[];
}

export interface TeacherLedger {
  readonly prices: TeacherPrices;
  /**
   * The answer to a request: the filed one, or a new one that is filed before it is returned. A not-ok answer is asked again
   * with the next sample index; the last answer is returned whatever its status. `loadImages` is called only when a call is made.
   */
  ask(request: TeacherRequest, loadImages: () => Promise<readonly Buffer[]>, signal?: AbortSignal): Promise<LedgerAnswer>;
  /**
   * Resolves when no call is on the wire, whoever asked for it, and every answer is filed or at least on this machine's disk. What a
   * process awaits before it ends in order; with a full disk and no store it waits for one of them.
   */
  settled(): Promise<void>;
}

const SETTLE_AGAIN_MS = 200;
/** A refused, cut or invalid answer is asked again at most this often. */
const ASK_AGAIN = 2;

/**
 * The teacher never pays twice: answers are filed under the request's hash, the first one wins, and equal requests in one
 * process share one call. A call on the wire is finished and filed even when whoever asked has left: it is paid for.
 * An answer is written to `spool`, on this machine, before it is filed: while the store is away it outlives its process too.
 */
export function createTeacherLedger(options: {
  objects: ObjectStore;
  client: TeacherClient;
  prices?: TeacherPrices;
  spool?: ObjectStore;
}): TeacherLedger {
  const { objects, client, prices = {}, spool } = options;
  const inFlight = new Map<string, Promise<TeacherCall>>();
  /** Paid, and not filed because the store failed: whoever asks next files it instead of paying again. */
  const unfiled = new Map<string, { readonly answer: TeacherAnswer; isSpooled: boolean }>();

  const callOnce = (request: TeacherRequest, loadImages: () => Promise<readonly Buffer[]>): Promise<TeacherCall> => {
    const hash = teacherRequestHash(request);
    const running = inFlight.get(hash);
    // Whoever joins a running call finds its answer filed.
    if (running) return running.then(({ answer }) => ({ answer, paid: false }));
    const call = findOrAsk(hash, request, loadImages).finally(() => inFlight.delete(hash));
    inFlight.set(hash, call);
    return call;
  };

  const findOrAsk = async (hash: string, request: TeacherRequest, loadImages: () => Promise<readonly Buffer[]>): Promise<TeacherCall> => {
    const key = objectKeys.teacherAnswer(hash);
    const filed = await objects.get(key);
    if (filed) return { answer: readAnswer(key, hash, filed), paid: false };
    const answer = unfiled.get(hash)?.answer ?? (await spooled(hash)) ?? (await payFor(hash, request, await loadImages()));
    const outcome = await file(hash, answer);
    const winner = outcome === 'exists' ? await objects.get(key) : null;
    return { answer: winner ? readAnswer(key, hash, winner) : answer, paid: true };
  };

  const payFor = async (hash: string, request: TeacherRequest, images: readonly Buffer[]): Promise<TeacherAnswer> => {
    const answer = TeacherAnswer.parse({ ...(await client.ask(request, images)), requestHash: hash });
    unfiled.set(hash, { answer, isSpooled: false });
    // A spool that cannot be written (a full disk) costs nothing yet: the answer is in memory, and is filed next.
    await keep(hash).catch(() => undefined);
    return answer;
  };

  const file = async (hash: string, answer: TeacherAnswer): Promise<'written' | 'exists'> => {
    const key = objectKeys.teacherAnswer(hash);
    const outcome = await objects.put(key, JSON.stringify(answer), { ifAbsent: true, contentType: 'application/json' });
    unfiled.delete(hash);
    await spool?.delete(hash);
    return outcome;
  };

  /** Writes an answer in memory to this machine's disk. */
  const keep = async (hash: string): Promise<void> => {
    const one = unfiled.get(hash);
    if (one === undefined || spool === undefined) return;
    await spool.put(hash, JSON.stringify(one.answer));
    one.isSpooled = true;
  };

  /** What an earlier process paid for and did not file. A file that cannot be read is no answer: the request is asked again. */
  const spooled = async (hash: string): Promise<TeacherAnswer | undefined> => {
    const body = await spool?.get(hash);
    return body ? unlessUnreadable(() => readAnswer(hash, hash, body)) : undefined;
  };

  return {
    prices,
    async ask(request, loadImages, signal) {
      const calls: TeacherCall[] = [];
      for (let again = 0; ; again++) {
        signal?.throwIfAborted();
        const call = await unlessAborted(callOnce({ ...request, sampleIndex: request.sampleIndex + again }, loadImages), signal);
        calls.push(call);
        if (call.answer.status === 'ok' || again === ASK_AGAIN) return { ...call, calls };
      }
    },
    async settled() {
      for (;;) {
        await Promise.allSettled(inFlight.values());
        const inMemory = () => [...unfiled].filter(([, { isSpooled }]) => !isSpooled);
        await Promise.allSettled(inMemory().map(([hash]) => keep(hash)));
        await Promise.allSettled(inMemory().map(([hash, { answer }]) => file(hash, answer)));
        if (inFlight.size === 0 && inMemory().length === 0) return;
        await delay(SETTLE_AGAIN_MS);
      }
    },
  };
}

function unlessUnreadable(read: () => TeacherAnswer): TeacherAnswer | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readAnswer(key: string, hash: string, body: Buffer): TeacherAnswer {
  const problem = (what: string, cause?: unknown) =>
    new StageError(
      {
        type: 'DigestMismatch',
        message: `the filed teacher answer ${key} ${what}`,
        remedy: 'delete that object: its request is then asked again',
      },
      { cause },
    );
  let answer: TeacherAnswer;
  try {
    answer = TeacherAnswer.parse(JSON.parse(body.toString('utf8')));
  } catch (error) {
    throw problem('cannot be read', error);
  }
  if (answer.requestHash !== hash) throw problem(`answers another request: expected ${hash}, got ${answer.requestHash}`);
  return answer;
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
