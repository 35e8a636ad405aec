import { expect, test } from 'vitest';
import { fanOut, type RetryBudget } from '../../activities/teacher/fan-out.js';
import { StageError } from '../../contracts/failure.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const quick: RetryBudget = { tries: 3, firstDelayMs: 1, maxDelayMs: 50 };
const transient = (retryAfterMs?: number): StageError =>
  new StageError({ type: 'Transient', message: 'busy' }, retryAfterMs === undefined ? {} : { retryAfterMs });

test('results come in the order of the items, and no more than `concurrency` run at once', async () => {
  let running = 0;
  let most = 0;
  const results = await fanOut(numbers(40), { concurrency: 4 }, async (n) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return n * 2;
  });
  expect(results).toEqual(numbers(40).map((n) => n * 2));
  expect(most).toBe(4);
});

test('items that fail once are tried again, and progress never falls', async () => {
  const failed = new Set<number>();
  const told: number[] = [];
  await fanOut(numbers(100), { concurrency: 8, retry: quick, onProgress: ({ done }) => told.push(done) }, async (n) => {
    if (n % 20 === 0 && !failed.has(n)) {
      failed.add(n);
      throw transient();
    }
  });
  expect(failed.size).toBe(5);
  expect(told).toEqual(numbers(101));
});

test('a transient failure gives up after its tries, and is thrown as it was', async () => {
  let tries = 0;
  const work = async (): Promise<void> => {
    tries++;
    throw transient(2);
  };
  await expect(fanOut([1], { concurrency: 1, retry: quick }, work)).rejects.toMatchObject({
    failure: { type: 'Transient' },
    options: { retryAfterMs: 2 },
  });
  expect(tries).toBe(3);
});

test('a wait longer than the patience of the fan-out is left to the caller', async () => {
  let tries = 0;
  const work = async (): Promise<void> => {
    tries++;
    throw transient(60_000);
  };
  await expect(fanOut([1], { concurrency: 1, retry: quick }, work)).rejects.toMatchObject({ options: { retryAfterMs: 60_000 } });
  expect(tries).toBe(1);
});

test('a rate limit holds back the items that have not started', async () => {
  let limitedAt = 0;
  const later: number[] = [];
  await fanOut(numbers(3), { concurrency: 1, retry: quick }, async () => {
    if (limitedAt === 0) {
      limitedAt = Date.now();
      throw transient(40);
    }
    later.push(Date.now() - limitedAt);
  });
  expect(later).toHaveLength(3);
  // A timer may fire a millisecond early.
  expect(Math.min(...later)).toBeGreaterThanOrEqual(38);
});

test('the first failure that no retry mends lets what has started finish, and starts nothing more', async () => {
  const finished: number[] = [];
  const started: number[] = [];
  const work = async (n: number): Promise<void> => {
    started.push(n);
    if (n === 1) throw new StageError({ type: 'TeacherRefused', message: 'no credit' });
    await new Promise((resolve) => setImmediate(resolve));
    finished.push(n);
  };
  await expect(fanOut(numbers(50), { concurrency: 3 }, work)).rejects.toMatchObject({ failure: { type: 'TeacherRefused' } });
  expect(started).toEqual([0, 1, 2]);
  expect(finished).toEqual([0, 2]);
});

test('cancelling starts nothing more and rejects with the signal’s reason', async () => {
  const cancel = new AbortController();
  const started: number[] = [];
  const work = async (n: number): Promise<void> => {
    started.push(n);
    if (n === 2) cancel.abort(new Error('cancelled'));
  };
  await expect(fanOut(numbers(50), { concurrency: 1, signal: cancel.signal }, work)).rejects.toThrow('cancelled');
  expect(started).toEqual([0, 1, 2]);
});

test('nothing to do is done at once', async () => {
  expect(await fanOut([], { concurrency: 4 }, async () => 1)).toEqual([]);
});
