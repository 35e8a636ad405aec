import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StageError, type FailureType } from '../../contracts/failure.js';
import type { Notifier } from '../../contracts/ports/notifier.js';

/** Where notices go, as the environment says. The URL is a secret like the key: whoever has Slack's may post. */
export interface WebhookSettings {
  readonly url: string;
  readonly secret?: string;
  /** Read at each call, so that a rotated secret is used without a restart. */
  readonly secretFile?: string;
}

const TIMEOUT_MS = 10_000;
/** A server that asks for more patience than the activity has would end the notice. */
const MOST_PATIENCE_MS = 10 * 60_000;

/** The webhook that the environment names; null when it names none. An empty variable counts as unset. */
export function webhookSettings(environment: NodeJS.ProcessEnv): WebhookSettings | null {
  const url = environment['JUDO_WEBHOOK_URL'];
  const secret = environment['JUDO_WEBHOOK_SECRET'];
  const secretFile = environment['JUDO_WEBHOOK_SECRET_FILE'];
  return url ? { url, ...(secret && { secret }), ...(secretFile && { secretFile }) } : null;
}

/**
 * Posts notices as JSON with Slack's `text`. Signed over the exact body, which holds the time of sending, so that a receiver
 * can refuse what was changed and what is old. No error of this names the URL.
 */
export function createWebhook(settings: WebhookSettings): Notifier {
  return {
    async send(notice, { idempotencyKey, signal }) {
      const url = readUrl(settings.url);
      const secret = await readSecret(settings);
      const body = JSON.stringify({ ...notice, schemaVersion: 1, id: idempotencyKey, sentAt: new Date().toISOString() });
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'judo-pipeline',
        'idempotency-key': idempotencyKey,
        ...(secret === undefined ? {} : { 'x-judo-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }),
      };
      const deadline = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(url, {
        ...{ method: 'POST', headers, body, redirect: 'manual' },
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      }).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw problem('Transient', `the webhook cannot be reached: ${reasonOf(error)}`);
      });
      const words = await response.text().catch(() => '');
      if (!response.ok) throw refusal(response, words);
    },
  };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw problem(
    'InvalidSpec',
    'JUDO_WEBHOOK_URL is not an http or https URL',
    "Set it in the worker's environment and restart the worker.",
  );
}

async function readSecret({ secret, secretFile }: WebhookSettings): Promise<string | undefined> {
  if (secret !== undefined || secretFile === undefined) return secret;
  const text = await readFile(secretFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem('InvalidSpec', `JUDO_WEBHOOK_SECRET_FILE: ${secretFile} cannot be read (${error.code})`);
  });
  const read = text.trim();
  if (read === '') throw problem('InvalidSpec', `JUDO_WEBHOOK_SECRET_FILE: ${secretFile} is empty`);
  return read;
}

/** 408, 429 and 5xx pass by themselves; any other refusal is the same again tomorrow. */
function refusal(response: Response, words: string): StageError {
  // Slack's reasons are one word (`no_service`). Longer text could repeat the request's address.
  const said = /^[a-z_]{1,40}$/.test(words.trim()) ? ` (${words.trim()})` : '';
  const message = `the webhook answered ${response.status}${said}`;
  const passes = response.status === 408 || response.status === 429 || response.status >= 500;
  if (!passes) return problem('InvalidSpec', message, 'Is JUDO_WEBHOOK_URL the one that the receiver gave? Redirects are not followed.');
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
  return new StageError({ type: 'Transient', message }, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(waitMs) ? Math.min(MOST_PATIENCE_MS, Math.max(1, waitMs)) : undefined;
}

/** A code, never fetch's own words: they repeat the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}

const problem = (type: FailureType, message: string, remedy?: string): StageError =>
  new StageError({ type, message, ...(remedy === undefined ? {} : { remedy }) });
