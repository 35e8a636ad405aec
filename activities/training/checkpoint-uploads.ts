import type { LocalCheckpoint } from './local-checkpoints.js';

/** Uploads checkpoints beside the training: one at a time, and of those that wait only the newest. */
export interface CheckpointUploads {
  /** Hands a checkpoint over; returns at once. */
  offer(checkpoint: LocalCheckpoint): void;
  /** Checkpoints whose files are still to be read. */
  pending(): LocalCheckpoint[];
  /** Why the last upload failed, until one succeeds. The next checkpoint is tried all the same. */
  lastError(): Error | null;
  /** Waits for what was offered; the newest checkpoint gets one more try when it failed. Throws if it fails again. */
  finish(): Promise<void>;
  /** Gives up what is under way. */
  abandon(): Promise<void>;
}

/** `upload` files one checkpoint; `onFiled` is told each step that is filed. */
export function createCheckpointUploads(
  upload: (checkpoint: LocalCheckpoint, signal: AbortSignal) => Promise<void>,
  onFiled: (step: number) => void,
): CheckpointUploads {
  const abandoned = new AbortController();
  let current: LocalCheckpoint | null = null;
  let waiting: LocalCheckpoint | null = null;
  let failed: { checkpoint: LocalCheckpoint; error: Error } | null = null;
  let working: Promise<void> = Promise.resolve();

  async function work(): Promise<void> {
    while (waiting !== null && !abandoned.signal.aborted) {
      const checkpoint: LocalCheckpoint = waiting;
      [current, waiting] = [checkpoint, null];
      try {
        await upload(checkpoint, abandoned.signal);
        failed = null;
        onFiled(checkpoint.step);
      } catch (error) {
        failed = { checkpoint, error: error instanceof Error ? error : new Error(String(error)) };
      }
      current = null;
    }
  }
  function offer(checkpoint: LocalCheckpoint): void {
    waiting = checkpoint;
    if (current === null) working = work();
  }
  return {
    offer,
    pending: () => [current, waiting].filter((checkpoint) => checkpoint !== null),
    lastError: () => failed?.error ?? null,
    async finish() {
      await working;
      if (failed === null) return;
      offer(failed.checkpoint);
      await working;
      if (failed !== null) throw failed.error;
    },
    async abandon() {
      abandoned.abort();
      await working;
    },
  };
}
