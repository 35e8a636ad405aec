import PQueue from 'p-queue';
import type { TransferOptions } from '../../contracts/ports/artifact-store.js';

/** Blobs on the way at once: enough to hide a round trip, few enough for two cores. */
export const TRANSFERS_AT_ONCE = 8;

/** Does `work` for every item, some at once; stops at the first failure or abort, after those on the way have ended. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = new PQueue({ concurrency: TRANSFERS_AT_ONCE });
  let failure: { error: unknown } | undefined;
  for (const item of items)
    void queue.add(async () => {
      try {
        signal?.throwIfAborted();
        await work(item);
      } catch (error) {
        failure ??= { error };
        queue.clear();
      }
    });
  await queue.onIdle();
  if (failure) throw failure.error;
  signal?.throwIfAborted();
}

/** Adds up what went over and tells the caller. Totals are the whole tree's: what needs no transfer counts at the end. */
export function createMeter(totals: { files: number; bytes: number }, { onProgress }: TransferOptions) {
  const done = { files: 0, bytes: 0 };
  const tell = () => onProgress?.({ ...done, totalFiles: totals.files, totalBytes: totals.bytes });
  return {
    /** A function for one file that takes the bytes sent of it so far; `isWhole` with the last. */
    part(): (sentBytes: number, isWhole?: boolean) => void {
      let sent = 0;
      return (sentBytes, isWhole = false) => {
        done.bytes += sentBytes - sent;
        sent = sentBytes;
        if (isWhole) done.files += 1;
        tell();
      };
    },
    finished(): void {
      Object.assign(done, { files: totals.files, bytes: totals.bytes });
      tell();
    },
  };
}
