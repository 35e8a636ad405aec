/** What `judo` ends with. Documented by `judo help exit-codes`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  cancelled: 5,
  blocked: 6,
  hasWork: 10,
  timeout: 124,
  interrupted: 130,
} as const;

export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'ok'],
  [EXIT.failed, 'the run failed, or something unexpected happened'],
  [EXIT.usage, 'usage or invalid input'],
  [EXIT.unreachable, 'a server cannot be reached or refuses us'],
  [EXIT.notFound, 'not found'],
  [EXIT.cancelled, 'the run was cancelled'],
  [EXIT.blocked, 'the run is blocked and waits for a decision'],
  [EXIT.hasWork, '`plan --exit-code`: there is work'],
  [EXIT.timeout, 'timed out'],
  [EXIT.interrupted, 'interrupted'],
];

/** An error for people: what is wrong, what to do, and the exit code. Printed without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: number,
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}
