import { APIConnectionError, APIError } from 'openai';
import { type FailureType, StageError } from '../../contracts/failure.js';

export interface CallContext {
  readonly endpoint: string;
  readonly apiKey: string;
  readonly model: string;
  readonly timeoutMs: number;
  /** Our own deadline for the call has passed. */
  readonly timedOut: boolean;
}

const CREDENTIAL_REMEDY = 'check OPENAI_API_KEY (or the key of the endpoint that teacher.baseUrl names), then retry the stage';

/** Classes an error of one teacher call. The cause is not attached: the SDK's errors hold headers and addresses. */
export function toTeacherError(error: unknown, call: CallContext): StageError {
  if (error instanceof StageError) return error;
  if (call.timedOut) return transient(`the teacher at ${where(call)} did not answer within ${call.timeoutMs / 1000} s`);
  if (error instanceof APIConnectionError) return transient(`no connection to the teacher at ${where(call)}: ${rootCause(error, call)}`);
  if (error instanceof APIError && error.status !== undefined) return fromStatus(error, error.status, call);
  if (error instanceof SyntaxError) return transient(`the teacher at ${where(call)} sent a broken answer: ${scrub(error.message, call)}`);
  if (isNetworkError(error)) return transient(`the connection to the teacher at ${where(call)} broke off: ${rootCause(error, call)}`);
  return new StageError({ type: 'InvalidSpec', message: `the call to the teacher could not be made: ${scrub(String(error), call)}` });
}

function fromStatus(error: APIError, status: number, call: CallContext): StageError {
  const message = `the teacher at ${where(call)} answered ${status} for model ${call.model}: ${scrub(error.message, call)}`;
  const [type, remedy] = classify(status, error.code ?? error.type);
  if (type !== 'Transient') return new StageError({ type, message, remedy });
  return transient(message, retryAfterMs(error.headers));
}

function classify(status: number, code: string | null | undefined): [FailureType, string] {
  if (code === 'insufficient_quota' || status === 402) {
    return ['TeacherRefused', 'add credit to the account or use another key, then retry the stage: filed answers are not asked again'];
  }
  if (status === 408 || status === 409 || status === 429 || status >= 500) return ['Transient', ''];
  if (status === 401 || status === 403) return ['TeacherRefused', CREDENTIAL_REMEDY];
  if (status === 404) return ['TeacherRefused', 'check teacher.model and teacher.baseUrl: the endpoint does not know this model or path'];
  if (status === 400 || status === 413 || status === 422) {
    return [
      'InvalidSpec',
      'the endpoint does not take the request: check that the model reads images and structured outputs, and its temperature',
    ];
  }
  return ['TeacherRefused', 'the endpoint refuses the request: read its message, then retry the stage'];
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date. */
export function retryAfterMs(headers: Headers | undefined, now = Date.now()): number | undefined {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (exact >= 0) return Math.ceil(exact);
  const given = headers?.get('retry-after')?.trim();
  if (!given) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.ceil(Number(given) * 1000);
  const date = Date.parse(given);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function transient(message: string, retryAfter?: number): StageError {
  return new StageError({ type: 'Transient', message }, retryAfter === undefined ? {} : { retryAfterMs: retryAfter });
}

function isNetworkError(error: unknown): error is TypeError {
  // undici reports a socket that closes in mid-body as TypeError('terminated') with the cause.
  return error instanceof TypeError && (error.message === 'terminated' || error.cause !== undefined);
}

function rootCause(error: Error, call: CallContext): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  const code = cause instanceof Error && 'code' in cause ? `${String(cause.code)} ` : '';
  return scrub(code + (cause instanceof Error ? cause.message : String(cause)), call);
}

function where(call: CallContext): string {
  return call.endpoint.replace(/\/\/[^/@]*@/, '//');
}

function scrub(text: string, call: CallContext): string {
  const withoutKey = call.apiKey === '' ? text : text.replaceAll(call.apiKey, '[key]');
  return withoutKey.replace(/\bsk-[\w*-]{4,}/g, '[key]').slice(0, 600);
}
