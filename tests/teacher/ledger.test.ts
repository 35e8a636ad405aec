import { describe, expect, test } from 'vitest';
import { createMemoryObjectStore } from '../../adapters/object-store/memory.js';
import { fanOut } from '../../activities/teacher/fan-out.js';
import { createTeacherLedger, type LedgerAnswer } from '../../activities/teacher/ledger.js';
import { teacherRequestHash } from '../../activities/teacher/request-hash.js';
import { createUsageMeter } from '../../activities/teacher/usage.js';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { TeacherClient } from '../../contracts/ports/teacher-client.js';
import type { TeacherReply, TeacherRequest } from '../../contracts/teacher.js';
import { exampleRequest } from './example-request.js';

const noImages = async (): Promise<Buffer[]> => [];

interface CountingTeacher extends TeacherClient {
  readonly asked: TeacherRequest[];
}

/** A teacher in memory that answers by `status`, and remembers what it was asked. */
function teacher(status: (request: TeacherRequest) => TeacherReply['status'] = () => 'ok', before?: () => Promise<void>): CountingTeacher {
  const asked: TeacherRequest[] = [];
  return {
    asked,
    async ask(request) {
      asked.push(request);
      await before?.();
      const verdict = status(request);
      return {
        schemaVersion: 1,
        model: 'gpt-test-2026',
        status: verdict,
        content: verdict === 'ok' ? { text: request.user } : null,
        raw: verdict === 'ok' ? '' : 'no',
        inputTokens: 10,
        outputTokens: 5,
        answeredAt: new Date().toISOString(),
        rehearsal: false,
      };
    },
  };
}

describe('a request’s hash', () => {
  test('does not depend on the order of fields, and changes with each of them', () => {
    const request = exampleRequest();
    const reversed = Object.fromEntries(Object.entries(request).reverse()) as TeacherRequest;
    expect(teacherRequestHash(reversed)).toBe(teacherRequestHash(request));
    const changes: Partial<TeacherRequest>[] = [
      { model: 'other' },
      { promptVersion: 'example@2' },
      { system: 'x' },
      { user: 'x' },
      { images: [{ digest: 'a'.repeat(64), mediaType: 'image/png' }] },
      { temperature: 0 },
      { maxOutputTokens: 1 },
      { sampleIndex: 1 },
      { schema: { ...request.schema, name: 'other' } },
    ];
    const hashes = changes.map((change) => teacherRequestHash({ ...request, ...change }));
    expect(new Set([...hashes, teacherRequestHash(request)]).size).toBe(changes.length + 1);
  });
});

describe('a ledger', () => {
  test('pays for a request once, also over a restart, and loads images only to pay', async () => {
    const objects = createMemoryObjectStore();
    const client = teacher();
    const first = await createTeacherLedger({ objects, client }).ask(exampleRequest(), noImages);
    const again = await createTeacherLedger({ objects, client }).ask(exampleRequest(), () => expect.fail('images were loaded'));
    expect([first.paid, again.paid]).toEqual([true, false]);
    expect(again.answer).toEqual(first.answer);
    expect(client.asked).toHaveLength(1);
  });

  test('shares one call between equal requests at the same time', async () => {
    const client = teacher();
    const ledger = createTeacherLedger({ objects: createMemoryObjectStore(), client });
    const answers = await Promise.all([1, 2, 3].map(() => ledger.ask(exampleRequest(), noImages)));
    expect(client.asked).toHaveLength(1);
    expect(answers.filter(({ paid }) => paid)).toHaveLength(1);
  });

  test('keeps the answer that was filed first when two processes paid at once', async () => {
    const objects = createMemoryObjectStore();
    const hash = teacherRequestHash(exampleRequest());
    const other = { ...(await teacher().ask(exampleRequest({ user: 'the other process' }), [])), requestHash: hash };
    const client = teacher(undefined, async () => void (await objects.put(objectKeys.teacherAnswer(hash), JSON.stringify(other))));
    const { answer, paid } = await createTeacherLedger({ objects, client }).ask(exampleRequest(), noImages);
    expect(answer.content).toEqual({ text: 'the other process' });
    expect(paid).toBe(true);
  });

  test('asks a refused answer again with the next sample, twice at most, and files all of them', async () => {
    const objects = createMemoryObjectStore();
    const stubborn = teacher(() => 'refused');
    const refused = await createTeacherLedger({ objects, client: stubborn }).ask(exampleRequest(), noImages);
    expect(refused.answer.status).toBe('refused');
    expect(stubborn.asked.map(({ sampleIndex }) => sampleIndex)).toEqual([0, 1, 2]);
    await createTeacherLedger({ objects, client: stubborn }).ask(exampleRequest(), noImages);
    expect(stubborn.asked).toHaveLength(3);

    const moody = teacher(({ sampleIndex }) => (sampleIndex === 0 ? 'truncated' : 'ok'));
    const mended = await createTeacherLedger({ objects: createMemoryObjectStore(), client: moody }).ask(exampleRequest(), noImages);
    expect(mended.answer.status).toBe('ok');
    expect(mended.calls.map(({ answer }) => answer.status)).toEqual(['truncated', 'ok']);
  });

  test('files nothing for a failed call, and passes the failure on', async () => {
    const objects = createMemoryObjectStore();
    const client: TeacherClient = { ask: () => Promise.reject(new StageError({ type: 'TeacherRefused', message: 'no credit' })) };
    await expect(createTeacherLedger({ objects, client }).ask(exampleRequest(), noImages)).rejects.toThrow('no credit');
    expect(await createTeacherLedger({ objects, client: teacher() }).ask(exampleRequest(), noImages)).toMatchObject({ paid: true });
  });

  test('pays once for an answer that the store refuses at first, and files it later', async () => {
    const objects = createMemoryObjectStore();
    let refusals = 2;
    const fullAtFirst = {
      ...objects,
      put: (...args: Parameters<typeof objects.put>) =>
        refusals-- > 0 ? Promise.reject(new StageError({ type: 'Transient', message: 'the disk is full' })) : objects.put(...args),
    };
    const client = teacher();
    const ledger = createTeacherLedger({ objects: fullAtFirst, client });
    await expect(ledger.ask(exampleRequest(), noImages)).rejects.toThrow('the disk is full');
    await expect(ledger.ask(exampleRequest(), noImages)).rejects.toThrow('the disk is full');
    expect(await ledger.ask(exampleRequest(), noImages)).toMatchObject({ paid: true });
    expect(client.asked).toHaveLength(1);
    expect(await ledger.ask(exampleRequest(), noImages)).toMatchObject({ paid: false });
  });

  test('pays once for an answer that its process could not file before it died', async () => {
    const spool = createMemoryObjectStore();
    const objects = createMemoryObjectStore();
    const storeAway = { ...objects, put: () => Promise.reject(new StageError({ type: 'Transient', message: 'no answer' })) };
    const client = teacher();
    await expect(createTeacherLedger({ objects: storeAway, client, spool }).ask(exampleRequest(), noImages)).rejects.toThrow('no answer');
    const afterwards = createTeacherLedger({ objects, client, spool });
    expect(await afterwards.ask(exampleRequest(), noImages)).toMatchObject({ paid: true });
    expect(client.asked).toHaveLength(1);
    expect(await spool.get(teacherRequestHash(exampleRequest()))).toBeNull();
  });

  test('asks again where the spool holds something that is no answer, and goes on where the spool is full', async () => {
    const spool = createMemoryObjectStore();
    await spool.put(teacherRequestHash(exampleRequest()), '{"half": ');
    const client = teacher();
    const full = { ...spool, put: () => Promise.reject(new StageError({ type: 'Transient', message: 'the disk is full' })) };
    const ledger = createTeacherLedger({ objects: createMemoryObjectStore(), client, spool: full });
    expect(await ledger.ask(exampleRequest(), noImages)).toMatchObject({ paid: true });
    expect(client.asked).toHaveLength(1);
  });

  test('is not settled before an answer that neither the spool nor the store took is on one of them', async () => {
    const [spool, objects] = [createMemoryObjectStore(), createMemoryObjectStore()];
    const failing = (store: typeof spool, times: number) => ({
      ...store,
      put: (...args: Parameters<typeof store.put>) =>
        times-- > 0 ? Promise.reject(new StageError({ type: 'Transient', message: 'the disk is full' })) : store.put(...args),
    });
    const client = teacher();
    const ledger = createTeacherLedger({ objects: failing(objects, Infinity), client, spool: failing(spool, 2) });
    await expect(ledger.ask(exampleRequest(), noImages)).rejects.toThrow('the disk is full');
    await ledger.settled();
    expect(await createTeacherLedger({ objects, client, spool }).ask(exampleRequest(), noImages)).toMatchObject({ paid: true });
    expect(client.asked).toHaveLength(1);
  });

  test('files an answer that is on its way when whoever asked leaves', async () => {
    const objects = createMemoryObjectStore();
    const leave = new AbortController();
    let answerNow = (): void => undefined;
    const client = teacher(undefined, () => new Promise((resolve) => (answerNow = resolve)));
    const ledger = createTeacherLedger({ objects, client });
    const left = ledger.ask(exampleRequest(), noImages, leave.signal);
    await expect.poll(() => client.asked.length).toBe(1);
    leave.abort(new Error('cancelled'));
    await expect(left).rejects.toThrow('cancelled');
    answerNow();
    await ledger.settled();
    const afterwards = createTeacherLedger({ objects, client });
    expect((await afterwards.ask(exampleRequest(), noImages)).answer.status).toBe('ok');
    expect(client.asked).toHaveLength(1);
  });

  test.each([
    ['is not JSON', '{"half'],
    ['is no answer', '{}'],
  ])('refuses a filed answer that %s, and says which object to delete', async (_, body) => {
    const objects = createMemoryObjectStore();
    const key = objectKeys.teacherAnswer(teacherRequestHash(exampleRequest()));
    await objects.put(key, body);
    await expect(createTeacherLedger({ objects, client: teacher() }).ask(exampleRequest(), noImages)).rejects.toMatchObject({
      failure: { type: 'DigestMismatch', message: expect.stringContaining(key), remedy: expect.stringContaining('delete') },
    });
  });

  test('pays each request once when a fan-out dies in the middle and is started again', async () => {
    const objects = createMemoryObjectStore();
    const paidFor: string[] = [];
    const dying = teacher();
    const requests = Array.from({ length: 30 }, (_, index) => exampleRequest({ user: `question ${index}` }));
    const death = new AbortController();
    const run = (client: TeacherClient, signal?: AbortSignal): Promise<LedgerAnswer[]> => {
      const ledger = createTeacherLedger({ objects, client });
      return fanOut(requests, { concurrency: 4, ...(signal && { signal }) }, async (request) => {
        const result = await ledger.ask(request, noImages);
        if (result.paid) paidFor.push(request.user);
        if (paidFor.length === 11) death.abort(new Error('killed'));
        return result;
      });
    };
    await expect(run(dying, death.signal)).rejects.toThrow('killed');
    const resumed = teacher();
    const answers = await run(resumed);
    expect(answers.map(({ answer }) => answer.content)).toEqual(requests.map(({ user }) => ({ text: user })));
    expect(dying.asked.length).toBeLessThan(30);
    expect([...dying.asked, ...resumed.asked].map(({ user }) => user).sort()).toEqual(requests.map(({ user }) => user).sort());
  });
});

describe('a usage meter', () => {
  const call = (paid: boolean, answeredAt: string, status: TeacherReply['status'] = 'ok', requestHash = 'a'.repeat(64)): LedgerAnswer => {
    const answer = {
      schemaVersion: 1,
      requestHash,
      model: 'm',
      status,
      content: null,
      raw: '',
      inputTokens: 1000,
      outputTokens: 100,
      answeredAt,
      rehearsal: false,
    } as const;
    return { answer, paid, calls: [{ answer, paid }] };
  };

  test('counts tokens and money of paid calls, and filed ones only by number', () => {
    const meter = createUsageMeter({ model: 'm', prices: { usdPerMillionInput: 2, usdPerMillionOutput: 10 } });
    meter.add(call(true, '2026-11-21T10:00:00Z'));
    meter.add(call(false, '2026-11-20T10:00:00Z', 'refused'));
    expect(meter.total()).toEqual({
      model: 'm',
      paidCalls: 1,
      filedCalls: 1,
      inputTokens: 1000,
      outputTokens: 100,
      usd: 0.003,
      refused: 1,
      truncated: 0,
    });
  });

  test('counts what an earlier attempt of the same stage paid', () => {
    const meter = createUsageMeter({ model: 'm', prices: {}, paidSince: new Date('2026-11-21T09:00:00Z') });
    meter.add(call(false, '2026-11-21T10:00:00Z'));
    expect(meter.total()).toMatchObject({ paidCalls: 1, filedCalls: 0, inputTokens: 1000, usd: null });
  });
});
