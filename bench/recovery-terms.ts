/** How long a silent worker is taken for alive, and how often a stage's work says a word: the same for ours and for the bare one. */
export const HEARTBEAT_TIMEOUT_MS = 3_000;
export const BEAT_EVERY_MS = 250;

/** The stage that ends at once, and the one in whose middle the worker is killed. */
export const STAGES = ['short', 'long'] as const;

/** An attempt at a stage that begins, as its worker says it. */
export interface Attempt {
  readonly side: 'ours' | 'bare';
  readonly run: string;
  readonly stage: string;
  readonly attempt: number;
  /** Milliseconds of the machine's clock. */
  readonly at: number;
}
