/** What is told to people who do not look: one line, and the fields that a program reads. */
export interface Notice {
  /** The sentence. Slack and its like show it. */
  readonly text: string;
  readonly run: string;
  readonly event: string;
  readonly stages: readonly string[];
  /** What each link shows -> its address. */
  readonly links: Readonly<Record<string, string>>;
}

/** Sends a notice. Throws `StageError`: Transient where the same call may succeed later. */
export interface Notifier {
  send(notice: Notice, options: { idempotencyKey: string; signal?: AbortSignal }): Promise<void>;
}
