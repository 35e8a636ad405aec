import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { Night, NightlyDefinition, NightlyOrder, PromotedNight } from '../../contracts/nightly.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';

/** Nights that are read at once, and at most. */
const NIGHTS_READ = 200;

/** The ids of a nightly's schedule and, with the time appended by the server, of its workflows. */
export const scheduleId = (name: string): string => `nightly/${name}`;

/** Nightlies in the store: their definitions, their nights, what people did to them. */
export function createNightlyStore(objects: ObjectStore) {
  async function read<T>(key: string, schema: z.ZodType<T>): Promise<T | null> {
    const body = await objects.get(key);
    if (body === null) return null;
    try {
      return schema.parse(JSON.parse(body.toString('utf8')));
    } catch (cause) {
      throw new StageError(
        {
          type: 'DigestMismatch',
          message: `${key} in ${objects.description} cannot be read`,
          remedy: 'Was it edited by hand? Delete it or put it right.',
        },
        { cause },
      );
    }
  }
  const write = (key: string, value: unknown, options: { ifAbsent?: boolean } = {}) =>
    objects.put(key, JSON.stringify(value), { ...options, contentType: 'application/json' });
  const keysBelow = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of objects.list(prefix)) keys.push(key);
    return keys.sort();
  };

  return {
    definition: (name: string) => read(objectKeys.nightly(name), NightlyDefinition),
    async requireDefinition(name: string): Promise<NightlyDefinition> {
      const definition = await read(objectKeys.nightly(name), NightlyDefinition);
      if (definition !== null) return definition;
      throw new StageError({
        type: 'ArtifactMissing',
        message: `there is no nightly "${name}" in ${objects.description}`,
        remedy: '`judo nightly list` lists them; `judo nightly create` makes one.',
      });
    },
    saveDefinition: (definition: NightlyDefinition) => write(objectKeys.nightly(definition.name), definition),
    /** The nights stay: they are what was. */
    forget: (name: string) => objects.delete(objectKeys.nightly(name)),
    async names(): Promise<string[]> {
      const found = (await keysBelow(objectKeys.nightlies())).map((key) => /^v1\/nightlies\/([^/]+)\.json$/.exec(key)?.[1]);
      return found.filter((name) => name !== undefined);
    },
    async addOrder(name: string, order: NightlyOrder): Promise<void> {
      await write(`${objectKeys.nightlyOrders(name)}${order.at}-${randomUUID().slice(0, 8)}.json`, order);
    },
    async orders(name: string): Promise<NightlyOrder[]> {
      const keys = (await keysBelow(objectKeys.nightlyOrders(name))).slice(-NIGHTS_READ);
      const orders = await Promise.all(keys.map((key) => read(key, NightlyOrder)));
      return orders.filter((order) => order !== null);
    },
    night: (name: string, run: string) => read(objectKeys.night(name, run), Night),
    saveNight: (night: Night) => write(objectKeys.night(night.nightly, night.run), night),
    /** Files a night that nobody has filed. Whether it was new. */
    addNight: async (night: Night): Promise<boolean> =>
      (await write(objectKeys.night(night.nightly, night.run), night, { ifAbsent: true })) === 'written',
    /** The newest nights, in the order they were due. */
    async nights(name: string): Promise<Night[]> {
      const keys = (await keysBelow(objectKeys.nights(name))).slice(-NIGHTS_READ);
      const nights = await Promise.all(keys.map((key) => read(key, Night)));
      return nights.filter((night) => night !== null).sort((a, b) => a.dueAt.localeCompare(b.dueAt));
    },
    promoted: (name: string) => read(objectKeys.goodNight(name), PromotedNight),
    promote: (name: string, promoted: PromotedNight) => write(objectKeys.goodNight(name), promoted),
  };
}
export type NightlyStore = ReturnType<typeof createNightlyStore>;
