import { setTimeout as delay } from 'node:timers/promises';
import { RETRYABLE_FAILURES, StageError } from '../../contracts/failure.js';

export interface RetryBudget {
  /** Tries an item, the first included. */
  readonly tries: number;
  /** Wait after the first failure; doubled after each further one, where the server names no time. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export interface FanOutOptions {
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  /** Told at the start and after each item; `done` never falls. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
  readonly retry?: RetryBudget;
}

/** Patient enough for a rate limit of a minute; longer outages are left to the activity's own retries. */
export const defaultRetry: RetryBudget = { tries: 6, firstDelayMs: 250, maxDelayMs: 30_000 };

interface Waiting {
  readonly index: number;
  readonly failures: number;
  readonly dueAt: number;
}

/**
 * Works through `items` with bounded concurrency; results come in the items' order. A transient failure puts its item back
 * without holding a slot, and a server's `retryAfterMs` holds back every new start until then. Any other failure, or one too
 * many, starts nothing new, lets what has started finish, and is thrown. Resumable when `work` files its result before it returns.
 */
export async function fanOut<Item, Result>(
  items: readonly Item[],
  { concurrency, signal, onProgress, retry = defaultRetry }: FanOutOptions,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const waiting: Waiting[] = [];
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let failure: { error: unknown } | undefined;
  let fresh = 0;
  let done = 0;
  let heldUntil = 0;
  onProgress?.({ done, total: items.length });

  const next = (): Waiting | undefined => {
    waiting.sort((a, b) => a.dueAt - b.dueAt);
    const due = waiting[0] !== undefined && waiting[0].dueAt <= Date.now();
    if (due || fresh >= items.length) return waiting.shift();
    return { index: fresh++, failures: 0, dueAt: 0 };
  };

  const attempt = async ({ index, failures }: Waiting): Promise<void> => {
    try {
      results[index] = await work(items[index] as Item, index);
      onProgress?.({ done: ++done, total: items.length });
    } catch (error) {
      if (!isTransient(error) || failures + 1 >= retry.tries) throw error;
      const asked = error.options.retryAfterMs;
      const waitMs = asked ?? Math.min(retry.maxDelayMs, retry.firstDelayMs * 2 ** failures);
      // A wait longer than our patience belongs to the activity's retry, which holds no worker while it waits.
      if (waitMs > retry.maxDelayMs) throw error;
      if (asked !== undefined) heldUntil = Math.max(heldUntil, Date.now() + asked);
      waiting.push({ index, failures: failures + 1, dueAt: Date.now() + waitMs });
    }
  };

  const lane = async (): Promise<void> => {
    for (let item = next(); item !== undefined && !stopped.aborted; item = next()) {
      const startAt = Math.max(item.dueAt, heldUntil);
      if (startAt > Date.now()) await delay(startAt - Date.now(), undefined, { signal: stopped }).catch(() => undefined);
      if (stopped.aborted) return;
      try {
        await attempt(item);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };

  await Promise.all(Array.from({ length: Math.min(Math.max(1, concurrency), items.length) }, lane));
  signal?.throwIfAborted();
  if (failure) throw failure.error;
  return results;
}

function isTransient(error: unknown): error is StageError {
  return error instanceof StageError && RETRYABLE_FAILURES.has(error.failure.type);
}
