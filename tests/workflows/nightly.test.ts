import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNightly, type CreateOptions } from '../../cli/nightly/create-nightly.js';
import { deleteNightly, pauseNightly, promoteNight, resumeNightly } from '../../cli/nightly/order-nightly.js';
import { listNightlies, nightHistory, type NightRow } from '../../cli/nightly/show-nightlies.js';
import { Night } from '../../contracts/nightly.js';
import { priorities } from '../../temporal.config.js';
import { runWorkflowId } from '../../workflows/messages.js';
import { openNightLab } from '../nightly/night-lab.js';
import { openOwnServer } from '../nightly/own-server.js';
import { isSigned } from '../notices/receiver.js';

const EVERY_MS = 3000;
const OPTIONS: CreateOptions = { every: '3s', jitter: '1s', catchup: '10s', overlap: 'skip', set: [], points: 1, percent: 50 };
const NAME = 'small';

let directory: string;
let server: Awaited<ReturnType<typeof openOwnServer>>;
let lab: Awaited<ReturnType<typeof openNightLab>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'judo-nightly-'));
  server = await openOwnServer(directory);
  await server.start();
  // The receiver is away at first: a notice is sent again, and is the same one.
  lab = await openNightLab({ address: server.address, namespace: 'default', answers: [{ status: 503, headers: { 'retry-after': '1' } }] });
});
afterAll(async () => {
  await lab?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const history = () => nightHistory(lab.session, NAME, 100);
const told = (event: string) => lab.received.map(({ body }) => body).filter((body) => body.event === event);

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 45_000; Date.now() < deadline;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 45 s: ${what}\n${JSON.stringify([await history(), lab.received.map(({ body }) => body)], null, 1)}`);
}

const nightWith = (what: string, holds: (night: NightRow) => boolean): Promise<NightRow> =>
  eventually(what, async () => (await history()).find(holds));

/** Until so many further nights have been due. */
const due = (count: number): Promise<number> => {
  const until = (Math.floor(Date.now() / EVERY_MS) + count) * EVERY_MS;
  return eventually(`${count} nights due`, async () => (Date.now() > until ? until : undefined));
};

describe('a nightly of seconds', () => {
  test('is made once, and given other values by the same command', async () => {
    expect(await createNightly(lab.session, lab.recipe, OPTIONS)).toMatchObject({ name: NAME, did: 'created', remarks: [] });
    expect(await createNightly(lab.session, lab.recipe, OPTIONS)).toMatchObject({ did: 'unchanged', changed: [] });
    const other = await createNightly(lab.session, lab.recipe, { ...OPTIONS, points: 2 });
    expect(other).toMatchObject({ did: 'updated', changed: ['thresholds'] });
    expect(await listNightlies(lab.session)).toMatchObject([{ name: NAME, due: 'every 3 s', state: 'on' }]);
  });

  test('runs everything anew each night, after interactive runs, and compares it with the last good one', async () => {
    const later = await nightWith('a compared night', ({ state, comparison }) => state === 'completed' && comparison !== null);
    expect(later).toMatchObject({ regressed: false, promoted: false, reason: null });
    expect(later.comparison!.notes).toEqual([]);
    expect(later.comparison!.differences[0]).toMatchObject({ what: 'mmad-eval: Average', before: 80, now: 80, regressed: false });
    // The night is the one that was due, whatever the jitter added.
    expect(Date.parse(later.dueAt) % EVERY_MS).toBe(0);
    for (const run of [later.comparison!.with, later.run]) {
      expect(lab.world.executed.filter((one) => one.startsWith(`${run}/`))).toEqual([`${run}/seg-jux-data`, `${run}/report`]);
    }
    const description = await lab.client.workflow.getHandle(runWorkflowId(later.run)).describe();
    expect(description.priority).toMatchObject(priorities.nightly);
    expect(told('nightly-regressed')).toEqual([]);
  });

  test('is missed while the server is down, catches up, and tells both and the regression', async () => {
    lab.world.right = 500;
    // One that is at work when the server goes holds back those that could be caught up when it comes again.
    const isAtWork = ({ startedAt, finishedAt }: NightRow) => startedAt !== null && finishedAt === null;
    await eventually('that no night is at work', async () => ((await history()).some(isAtWork) ? undefined : true));
    await server.stop();
    const back = await due(5);
    await server.start();
    const late = await nightWith(
      'a night that was caught up',
      ({ reason, state }) => state === 'completed' && reason?.includes('caught up') === true,
    );
    expect(late.reason).toMatch(/^no Temporal server ran when it was due; caught up \d+ s late$/);
    expect(Date.parse(late.dueAt)).toBeLessThanOrEqual(back);
    expect(late.regressed).toBe(true);
    const missed = await nightWith('a night that was missed', ({ reason }) => reason?.includes('nor within') === true);
    expect(missed).toMatchObject({
      state: 'missed',
      reason: 'no Temporal server ran when it was due, nor within the catch-up window of 10 s after',
    });
    expect(missed.dueAt < late.dueAt).toBe(true);

    await eventually('the notices', async () =>
      told('nightly-regressed').length > 0 && told('nightly-missed').length > 1 ? true : undefined,
    );
    expect(told('nightly-missed').map(({ text }) => text)).toContain(`night ${late.run} of ${NAME}: ${late.reason}`);
    expect(told('nightly-missed').some(({ text }) => text.includes(missed.reason!))).toBe(true);
    const regressed = told('nightly-regressed')[0]!;
    expect(regressed.text).toContain(
      `night ${late.run} is worse than ${late.comparison!.with}: mmad-eval: Average 80.00 -> 50.00 (-30.00, 95 % -`,
    );
    expect(regressed).toMatchObject({ run: late.run, stages: [], links: { temporal: `http://ui/${late.run}` } });
    expect(lab.received.every((one) => isSigned(one, lab.secret))).toBe(true);
    const [refused] = lab.received;
    // The server was away meanwhile: that the first try failed is known to it only when its time is over.
    const again = await eventually('the refused notice again', async () => {
      const same = lab.received.filter(({ body }) => body['id'] === refused!.body['id']);
      return same.length > 1 ? same : undefined;
    });
    expect(again).toHaveLength(2);
    expect(new Set(again.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  test('is left out while it is paused, and the reason says by whom and why', async () => {
    await pauseNightly(lab.session, NAME, 'new discs');
    await due(2);
    expect(await listNightlies(lab.session)).toMatchObject([{ state: 'paused', note: 'new discs', next: null }]);
    await resumeNightly(lab.session, NAME, undefined);
    const left = await nightWith('a night left out', ({ reason, state }) => state === 'skipped' && reason?.includes('paused by') === true);
    expect(left.reason).toMatch(/^the nightly was paused by .+@.+: new discs$/);
    await eventually('its notice', async () => told('nightly-missed').find(({ text }) => text.includes('new discs')));
  });

  test('is skipped while the night before runs, and the reason names that one', async () => {
    let release = () => undefined as void;
    lab.world.hold = new Promise((resolve) => (release = resolve));
    const before = lab.world.executed.length;
    await eventually('a night that is held', async () => (lab.world.executed.length > before ? true : undefined));
    const held = lab.world.executed.at(-1)!.split('/')[0]!;
    await due(2);
    release();
    lab.world.hold = Promise.resolve();
    const skipped = await nightWith('a skipped night', ({ reason }) => reason === `night ${held} was still running (overlap skip)`);
    expect(skipped.state).toBe('skipped');
    await eventually('its notice', async () => told('nightly-missed').find(({ text }) => text.includes(`night ${held} was still`)));
  });

  test('is compared with the night that was promoted', async () => {
    const bad = await nightWith('a regressed night', ({ regressed }) => regressed);
    await expect(promoteNight(lab.session, `${NAME}-20200101-000000z`)).rejects.toThrow('no nightly has a night');
    expect(await promoteNight(lab.session, bad.run)).toBe(NAME);
    const next = await nightWith('a night compared with it', ({ comparison, dueAt }) => comparison?.with === bad.run && dueAt > bad.dueAt);
    expect(next).toMatchObject({ regressed: false, comparison: { promoted: true } });
  });

  test('ends when it is deleted, and its nights stay', async () => {
    const nights = (await history()).length;
    await deleteNightly(lab.session, NAME);
    expect(await listNightlies(lab.session)).toEqual([]);
    await expect(history()).rejects.toThrow(`there is no nightly "${NAME}"`);
    const filed: Night[] = [];
    for await (const { key } of lab.objects.list(`v1/nightlies/${NAME}/nights/`)) {
      filed.push(Night.parse(JSON.parse(String(await lab.objects.get(key)))));
    }
    expect(filed.length).toBeGreaterThanOrEqual(nights - 2);
    expect(filed.every(({ state, reason }) => state === 'completed' || reason !== null)).toBe(true);
    // Nobody paused it behind our back: every night that did not fire has a reason that we know.
    expect(filed.filter(({ reason }) => reason?.includes('counted neither'))).toEqual([]);
    // And none is left out: they are due one after another, from the first one on.
    const due = filed.map(({ dueAt }) => Date.parse(dueAt)).sort((a, b) => a - b);
    expect(due).toEqual(due.map((_, index) => due[0]! + index * EVERY_MS));
  });
});
