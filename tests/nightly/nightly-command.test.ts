import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createNightlyStore, scheduleId } from '../../activities/nightly/nightly-store.js';
import { createNightly, type CreateOptions } from '../../cli/nightly/create-nightly.js';
import { backfillNightly, deleteNightly, triggerNightly } from '../../cli/nightly/order-nightly.js';
import { nightCells, nightHistory } from '../../cli/nightly/show-nightlies.js';
import { main } from '../../cli/main.js';
import { eventually } from '../support/waiting.js';
import { openNightLab } from './night-lab.js';

const OPTIONS: CreateOptions = { jitter: '0s', catchup: '12h', overlap: 'skip', set: [], points: 1, percent: 50 };
/** Far from now in any time zone: nothing fires by itself while the test runs. */
const AT = `${String((new Date().getUTCHours() + 12) % 24).padStart(2, '0')}:30`;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

let lab: Awaited<ReturnType<typeof openNightLab>>;
beforeAll(async () => {
  lab = await openNightLab({ address: inject('temporalAddress'), namespace: 'nightly-test' });
});
afterAll(() => lab?.close());

async function historyOf(name: string, count: number) {
  for (;;) {
    const nights = await nightHistory(lab.session, name, 100);
    if (nights.filter((night) => night.finishedAt !== null).length >= count) return nights;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a nightly at a clock time', () => {
  test('runs the nights of a backfilled span one after another, and those that completed not again', async () => {
    const name = `backfilled-${process.pid}`;
    await createNightly(lab.session, lab.recipe, { ...OPTIONS, name, at: AT, timezone: 'UTC' });
    const span = { from: daysAgo(4), to: daysAgo(2) };
    const runs = [4, 3, 2].map((days) => `${name}-${daysAgo(days).replaceAll('-', '')}`);
    expect(await backfillNightly(lab.session, name, span)).toEqual(runs);
    const nights = await historyOf(name, 3);
    expect(nights.map(({ run, state }) => [run, state])).toEqual(runs.toReversed().map((run) => [run, 'completed']));
    expect(nights.every(({ reason }) => reason?.startsWith('backfilled by ') === true)).toBe(true);
    expect(nights.map(({ comparison }) => comparison?.with ?? null)).toEqual([runs[1], runs[0], null]);
    expect(lab.received.filter(({ body }) => String(body['run']).includes(name))).toEqual([]);
    expect(await backfillNightly(lab.session, name, span)).toEqual([]);
    expect(await backfillNightly(lab.session, name, { ...span, from: daysAgo(5) })).toEqual([`${name}-${daysAgo(5).replaceAll('-', '')}`]);
    await historyOf(name, 4);
    await expect(backfillNightly(lab.session, name, { from: 'then', to: daysAgo(1) })).rejects.toThrow('--from then: not a date');
    await expect(backfillNightly(lab.session, name, { from: daysAgo(1), to: daysAgo(-2) })).rejects.toThrow('is not past yet');
    await deleteNightly(lab.session, name);
  });

  test('is triggered at any moment, and tells when its night fails', async () => {
    const name = `triggered-${process.pid}`;
    await createNightly(lab.session, lab.recipe, { ...OPTIONS, name, at: AT, timezone: 'UTC' });
    // What was due before there was a schedule is not told as a night that did not fire.
    const [definition, schedule] = await Promise.all([
      createNightlyStore(lab.objects).definition(name),
      lab.client.schedule.getHandle(scheduleId(name)).describe(),
    ]);
    expect(Date.parse(definition!.timesSince)).toBeGreaterThanOrEqual(schedule.info.createdAt.getTime());
    await triggerNightly(lab.session, name);
    const [night] = await historyOf(name, 1);
    expect(night).toMatchObject({ state: 'completed', reason: null });
    expect(night!.run).toMatch(new RegExp(`^${name}-\\d{8}-\\d{6}z$`));
    expect(nightCells(night!).join(' | ')).toContain('completed | 80.00 (77.4-82.4)');

    await rm(join(lab.recipe, '..', 'plant'), { recursive: true });
    // A night that is triggered is named by its second.
    await eventually(() => Date.now() >= Date.parse(night!.dueAt) + 1000);
    await triggerNightly(lab.session, name);
    const [failed] = await historyOf(name, 2);
    expect(failed).toMatchObject({ state: 'failed', figures: null });
    expect(failed!.reason).toContain('plant is not a folder');
    const told = () => lab.received.map(({ body }) => body).filter(({ event }) => event === 'failed');
    while (told().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told().map((body) => body.text)).toEqual([`night ${failed!.run} failed: ${failed!.reason}`]);
    await deleteNightly(lab.session, name);
  });
});

describe('judo nightly create', () => {
  async function typed(...words: string[]): Promise<{ code: number; stderr: string }> {
    const written: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const code = await main(['node', 'judo', 'nightly', ...words]).finally(() => spy.mockRestore());
    return { code, stderr: written.join('') };
  }

  test('refuses what would fail at night, before it asks a server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'judo-nightly-command-'));
    const recipe = join(folder, 'r.yaml');
    await writeFile(recipe, 'schema: 1\nmodel: tiny\ndata: { root: . }\nstages:\n  seg-jux-data: { imagesPerDefekt: 1 }\n');
    const create = (...words: string[]) => typed('create', recipe, ...words);
    expect(await create('--at', '02:00', '--timezone', 'Europe/Berln')).toEqual({
      code: 2,
      stderr: expect.stringContaining('--timezone Europe/Berln: there is no such time zone; did you mean "Europe/Berlin"?'),
    });
    expect(await create('--at', '24:00')).toEqual({ code: 2, stderr: expect.stringContaining('Midnight is 00:00.') });
    expect(await create('--at', '02:00', '--overlap', 'both')).toMatchObject({ code: 2 });
    expect(await create('--at', '02:00')).toEqual({
      code: 2,
      stderr: expect.stringMatching(/r\.yaml:5:19: .*imagesPerDefekt.*did you mean "imagesPerDefect"/),
    });
    expect(await typed('create', join(folder, 'none.yaml'), '--at', '02:00')).toEqual({
      code: 2,
      stderr: expect.stringContaining('no such file'),
    });
    await rm(folder, { recursive: true });
  });
});
