import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

/** Well below the time after which a saver takes a silent sweep for dead (activities/artifacts/condemned.ts). */
const RENEW_MS = 5_000;
const LOST_MS = 20_000;
/** A sweep that was killed is taken over after this time. */
const TAKE_OVER_MS = 10 * 60_000;

const SWEPT = objectKeys.swept('?').replace('?.json', '');

/** The right to delete what lists name. One at a time; while it is held, whoever saves a listed object waits and looks again. */
export interface Sweep {
  /** Says now and then that this sweep goes on. Throws when it could not for so long that it may be taken for dead. */
  assertHeld(): Promise<void>;
  end(): Promise<void>;
}

export async function holdSweep(objects: ObjectStore): Promise<Sweep> {
  const me = { by: `${hostname()} ${process.pid}`, token: randomUUID(), since: new Date().toISOString() };
  let beats = 0;
  const body = () => JSON.stringify({ ...me, beats: (beats += 1) });
  if ((await objects.put(objectKeys.sweep, body(), { ifAbsent: true, contentType: 'application/json' })) === 'exists') {
    const held = await objects.head(objectKeys.sweep);
    if (held !== null && held.modified.getTime() + TAKE_OVER_MS > Date.now()) throw isHeld(objects, held.modified);
    await objects.put(objectKeys.sweep, body(), { contentType: 'application/json' });
  }
  let renewedAt = performance.now();
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const asked = performance.now();
    await objects.put(objectKeys.sweep, body(), { contentType: 'application/json' });
    renewedAt = asked;
  };
  return {
    async assertHeld() {
      if (performance.now() - renewedAt > RENEW_MS) await (renewing ??= renew().finally(() => (renewing = undefined)));
      if (performance.now() - renewedAt > LOST_MS)
        throw new StageError({
          type: 'Transient',
          message: `the sweep of ${objects.description} could not say for ${LOST_MS / 1000} s that it goes on: it ends`,
          remedy: 'Run `judo artifacts gc` again.',
        });
    },
    async end() {
      const ended = objectKeys.swept(me.token);
      await objects.put(ended, body(), { contentType: 'application/json' });
      const earlier: string[] = [];
      for await (const { key } of objects.list(SWEPT)) if (key !== ended) earlier.push(key);
      for (const key of earlier) await objects.delete(key);
      await objects.delete(objectKeys.sweep);
    },
  };
}

function isHeld(objects: ObjectStore, since: Date): StageError {
  return new StageError({
    type: 'InvalidSpec',
    message: `another \`judo artifacts gc\` sweeps ${objects.description}; it said so last at ${since.toISOString()}`,
    remedy: `Wait until it has ended. If it was killed, it is taken over ${TAKE_OVER_MS / 60_000} minutes later.`,
  });
}
