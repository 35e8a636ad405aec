import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createWebhook, webhookSettings } from '../../adapters/webhook/webhook.js';
import { StageError } from '../../contracts/failure.js';
import { freePort } from '../../infra/stack/ports.js';
import { isSigned, startReceiver, type Answer } from './receiver.js';

const NOTICE = {
  text: 'stage grpo of run night is blocked: lr is -1',
  run: 'night',
  event: 'blocked',
  stages: ['grpo'],
  links: { temporal: 'http://127.0.0.1:8233/x' },
};

let close: () => Promise<void> = async () => undefined;
afterEach(() => close());

async function receiver(...answers: Answer[]) {
  const started = await startReceiver(answers);
  close = started.close;
  return started;
}

async function failureOf(sending: Promise<void>): Promise<StageError> {
  const error: unknown = await sending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StageError)) throw new Error(`expected a StageError, got ${String(error)}`);
  return error;
}

describe('a notice', () => {
  test("reaches the receiver as Slack's text with our fields, signed over the body and the time in it", async () => {
    const { url, received } = await receiver();
    const before = Date.now();
    await createWebhook({ url, secret: 's3cret' }).send(NOTICE, { idempotencyKey: 'run/night/1' });
    expect(received).toHaveLength(1);
    expect(received[0]!.body).toMatchObject(NOTICE);
    expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': 'run/night/1' });
    expect(Date.parse(received[0]!.body.sentAt)).toBeGreaterThanOrEqual(before);
    expect(isSigned(received[0]!, 's3cret')).toBe(true);
    expect(isSigned(received[0]!, 'another')).toBe(false);
    const older = { ...received[0]!, raw: received[0]!.raw.replace(received[0]!.body.sentAt, '2020-01-01T00:00:00.000Z') };
    expect(isSigned(older, 's3cret')).toBe(false);
  });

  test('is signed with the secret that the file holds now', async () => {
    const { url, received } = await receiver();
    const folder = await mkdtemp(join(tmpdir(), 'judo-webhook-'));
    const secretFile = join(folder, 'secret');
    const webhook = createWebhook(webhookSettings({ JUDO_WEBHOOK_URL: url, JUDO_WEBHOOK_SECRET_FILE: secretFile })!);
    await writeFile(secretFile, 'first\n');
    await webhook.send(NOTICE, { idempotencyKey: 'a' });
    await writeFile(secretFile, 'second\n');
    await webhook.send(NOTICE, { idempotencyKey: 'b' });
    await rm(folder, { recursive: true });
    expect([isSigned(received[0]!, 'first'), isSigned(received[1]!, 'second')]).toEqual([true, true]);
    const failure = await failureOf(webhook.send(NOTICE, { idempotencyKey: 'c' }));
    expect(failure.message).toContain(`${secretFile} cannot be read (ENOENT)`);
  });

  test('needs no webhook: with no URL there is none', () => {
    expect(webhookSettings({ JUDO_WEBHOOK_URL: '', JUDO_WEBHOOK_SECRET: 'x' })).toBeNull();
  });
});

describe('a receiver that does not take it', () => {
  const sent = async (answer: Answer) => {
    const { url } = await receiver(answer);
    return { url, failure: await failureOf(createWebhook({ url }).send(NOTICE, { idempotencyKey: 'a' })) };
  };

  test.each([400, 401, 403, 404, 410, 302])('is not asked again after %i', async (status) => {
    expect((await sent({ status, headers: { location: 'http://127.0.0.1:9/elsewhere' } })).failure.failure.type).toBe('InvalidSpec');
  });

  test.each([408, 429, 500, 502, 503])('is asked again after %i', async (status) => {
    expect((await sent({ status })).failure.failure.type).toBe('Transient');
  });

  test('is asked again when it says', async () => {
    expect((await sent({ status: 429, headers: { 'retry-after': '7' } })).failure.options.retryAfterMs).toBe(7000);
    const { failure } = await sent({ status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } });
    expect(failure.options.retryAfterMs).toBeGreaterThan(50_000);
    expect((await sent({ status: 503, headers: { 'retry-after': 'soon' } })).failure.options.retryAfterMs).toBeUndefined();
  });

  test('is quoted only where it gives one word, as Slack does, and its address is in no error', async () => {
    const told = await sent({ status: 404, body: 'no_service' });
    expect(told.failure.message).toBe('the webhook answered 404 (no_service)');
    const echoing = await receiver({ status: 500, body: 'cannot POST /services/T0/B0/the-secret-part' });
    const nobody = `http://127.0.0.1:${await freePort([])}/services/the-secret-part`;
    for (const url of [echoing.url, nobody, 'mailto:the-secret-part', 'the-secret-part']) {
      const failure = await failureOf(createWebhook({ url }).send(NOTICE, { idempotencyKey: 'a' }));
      expect(JSON.stringify([failure.message, failure.failure, String(failure.cause), failure.stack])).not.toContain('the-secret-part');
    }
    const refused = await failureOf(createWebhook({ url: nobody }).send(NOTICE, { idempotencyKey: 'a' }));
    expect(refused.message).toBe('the webhook cannot be reached: ECONNREFUSED');
  });
});
