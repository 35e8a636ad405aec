import { setTimeout as delay } from 'node:timers/promises';
import { objectKeys } from '../../contracts/artifact.js';
import { Candidates } from '../../contracts/candidates.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

const SWEPT = objectKeys.swept('?').replace('?.json', '');
const POLL_MS = 200;
/** A sweep says that it lives every few hundred deletions; one that has not for this long was killed. */
const DEAD_SWEEP_MS = 30_000;

/** The collector's lists at one moment. */
export interface Condemned {
  /** Changes whenever a list comes or goes and whenever a sweep begins, goes on or has ended. */
  readonly state: string;
  readonly isSweeping: boolean;
  has(key: string): boolean;
}

/** Looks at the collector's lists: which objects may be deleted unless they are written again. */
export function createCondemnedReader(objects: ObjectStore) {
  /** A list never changes: each is read once. */
  let lists = new Map<string, ReadonlySet<string>>();

  async function look(): Promise<Condemned> {
    const read = new Map<string, ReadonlySet<string>>();
    const state: string[] = [];
    let isSweeping = false;
    for await (const { key, modified } of objects.list(objectKeys.collection)) {
      state.push(`${key} ${modified.getTime()}`);
      if (key === objectKeys.sweep) isSweeping = true;
      else if (!key.startsWith(SWEPT)) read.set(key, lists.get(key) ?? (await keysOf(key)));
    }
    lists = read;
    return { state: state.join('\n'), isSweeping, has: (key) => [...read.values()].some((list) => list.has(key)) };
  }

  /** A list that was swept since it was seen condemns nothing any more: what it named is gone already, or stays. */
  async function keysOf(list: string): Promise<ReadonlySet<string>> {
    const text = await objects.get(list);
    if (text === null) return new Set();
    return new Set(Candidates.parse(JSON.parse(String(text))).objects.map(({ key }) => key));
  }

  return {
    look,
    /** Looks when no sweep is under way. */
    async lookAtRest(signal?: AbortSignal): Promise<Condemned> {
      let since = performance.now();
      for (let before = ''; ;) {
        const now = await look();
        if (!now.isSweeping) return now;
        if (now.state !== before) [before, since] = [now.state, performance.now()];
        else if (performance.now() - since > DEAD_SWEEP_MS) return now;
        await delay(POLL_MS, undefined, signal ? { signal } : {});
      }
    },
  };
}
