/** What a check found. `remedy` is null when there is nothing to do. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy: string | null;
}

/** A check by name. What it throws is a failure with the error's message. */
export interface Check {
  readonly name: string;
  readonly remedy: string;
  look(): Promise<Verdict>;
}

export type Verdict =
  { readonly ok: string } | { readonly warn: string; readonly remedy?: string } | { readonly fail: string; readonly remedy?: string };

/** Generous: importing torch takes seconds on a busy machine. */
const CHECK_WITHIN_MS = 60_000;

/** Makes one check; never throws. */
export async function find({ name, remedy, look }: Check): Promise<Finding> {
  try {
    return finding(name, remedy, await within(CHECK_WITHIN_MS, look()));
  } catch (error) {
    return { check: name, state: 'fail', detail: reasonOf(error), remedy: remedyOf(error) ?? remedy };
  }
}

function finding(check: string, remedy: string, verdict: Verdict): Finding {
  if ('ok' in verdict) return { check, state: 'ok', detail: verdict.ok, remedy: null };
  if ('warn' in verdict) return { check, state: 'warn', detail: verdict.warn, remedy: verdict.remedy ?? remedy };
  return { check, state: 'fail', detail: verdict.fail, remedy: verdict.remedy ?? remedy };
}

/** The message with that of its causes, where they say more. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : reasonOf(error.cause);
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'StageError') return undefined;
  return (error as Error & { failure?: { remedy?: string } }).failure?.remedy;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
