import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { viewSchedule } from '../../activities/nightly/schedule-view.js';
import { createNightly } from '../../cli/nightly/create-nightly.js';
import { deleteNightly } from '../../cli/nightly/order-nightly.js';
import { nightHistory, type NightRow } from '../../cli/nightly/show-nightlies.js';
import { NIGHT_OVERLAPS } from '../../contracts/nightly.js';
import { openNightLab } from '../nightly/night-lab.js';
import { eventually, gate } from '../support/waiting.js';

/** Four nightlies of seconds, one a policy. The first night of each is held until three more have been due, then let go. */
type Overlap = (typeof NIGHT_OVERLAPS)[number];
const nameOf = (overlap: Overlap): string => `${overlap}-${process.pid}`;

let lab: Awaited<ReturnType<typeof openNightLab>>;
/** The nights that were due by then were due while the first one was held. */
let heldUntil: string;

/** Oldest first. */
const nightsOf = async (overlap: Overlap): Promise<NightRow[]> => (await nightHistory(lab.session, nameOf(overlap), 100)).toReversed();
const told = (overlap: Overlap): string[] =>
  lab.received.map(({ body }) => String(body['text'])).filter((text) => text.includes(nameOf(overlap)));

/** The first night and those due while it was held, once all of them are settled and so is the night `after` them. */
async function settledNights(overlap: Overlap): Promise<{ first: NightRow; during: NightRow[]; all: NightRow[] }> {
  let all: NightRow[] = [];
  await eventually(async () => {
    all = await nightsOf(overlap);
    return all.filter(({ dueAt, finishedAt }) => dueAt > heldUntil && finishedAt !== null).length > 0;
  });
  const [first, ...others] = all;
  return { first: first!, during: others.filter(({ dueAt }) => dueAt <= heldUntil), all };
}

/** What is told of a night that a busy server came to late: with its overlap it has nothing to do. */
const LATE = /no Temporal server ran when it was due; caught up \d+ s late$/;
const isOnTimeOrLate = ({ reason }: NightRow): boolean => reason === null || LATE.test(reason);

/** Whether three nights more than the one that is held have been due, as the policy shows it. */
async function hasPiledUp(overlap: Overlap): Promise<boolean> {
  const { counted, waiting, fired } = (await viewSchedule(lab.client, nameOf(overlap)))!;
  return counted.skipped + waiting + fired.length > 3;
}

beforeAll(async () => {
  lab = await openNightLab({ address: inject('temporalAddress'), namespace: 'overlap-test' });
  const hold = gate();
  lab.world.hold = hold.opened;
  const options = { every: '3s', jitter: '0s', catchup: '10s', points: 1, percent: 50 };
  // With one recipe they would share the stages of a night.
  for (const [seed, overlap] of NIGHT_OVERLAPS.entries())
    await createNightly(lab.session, lab.recipe, { ...options, set: [`seed=${seed}`], overlap, name: nameOf(overlap) });
  for (const overlap of NIGHT_OVERLAPS) {
    await eventually(() => lab.world.executed.some((one) => one.startsWith(nameOf(overlap))));
    await eventually(() => hasPiledUp(overlap));
  }
  heldUntil = new Date().toISOString();
  hold.open();
});
afterAll(async () => {
  for (const overlap of NIGHT_OVERLAPS) await deleteNightly(lab.session, nameOf(overlap));
  await lab?.close();
});

describe('a night that is due while the one before runs', () => {
  test('is skipped under skip: the history and the notice say which one ran', async () => {
    const { first, during } = await settledNights('skip');
    expect(first.state).toBe('completed');
    expect(isOnTimeOrLate(first)).toBe(true);
    expect(during.length).toBeGreaterThanOrEqual(3);
    const reason = `night ${first.run} was still running (overlap skip)`;
    expect(during.map((night) => [night.state, night.reason])).toEqual(during.map(() => ['skipped', reason]));
    await eventually(() => told('skip').some((text) => text.endsWith(reason)));
  });

  test('waits under buffer-one, and those behind it are skipped', async () => {
    const { first, during } = await settledNights('buffer-one');
    const [waited, ...others] = during;
    expect(waited).toMatchObject({
      state: 'completed',
      reason: expect.stringMatching(new RegExp(`^it waited \\d+ s for night ${first.run} of ${nameOf('buffer-one')}$`)),
    });
    expect(waited!.startedAt! > heldUntil).toBe(true);
    expect(others.length).toBeGreaterThanOrEqual(2);
    const reason = `night ${first.run} was still running (overlap buffer-one)`;
    expect(others.map((night) => [night.state, night.reason])).toEqual(others.map(() => ['skipped', reason]));
    // Nobody is told that the one which waits did not run.
    await eventually(() => told('buffer-one').some((text) => text.endsWith(reason)));
    const isOfWaited = (text: string) => text.startsWith(`night ${waited!.run} of `) || text.includes(`from ${waited!.dueAt} to`);
    expect(told('buffer-one').filter(isOfWaited)).toEqual([]);
  });

  test('begins all the same under allow', async () => {
    const { first, during } = await settledNights('allow');
    expect(during.length).toBeGreaterThanOrEqual(3);
    for (const night of during) {
      expect(isOnTimeOrLate(night)).toBe(true);
      expect(night.startedAt! < first.finishedAt!).toBe(true);
    }
    expect(told('allow').filter((text) => !LATE.test(text))).toEqual([]);
  });

  test('ends that one under cancel-other; of several the last takes the place, and the others say so', async () => {
    const { first, all } = await settledNights('cancel-other');
    expect(first.state).toBe('cancelled');
    expect(first.reason).toBe(`it was cancelled when night ${all[1]!.run} was due (overlap cancel-other)`);
    const next = all.slice(1).find(({ startedAt }) => startedAt !== null)!;
    const between = all.filter(({ dueAt }) => dueAt > first.dueAt && dueAt < next.dueAt);
    expect(between.length).toBeGreaterThanOrEqual(2);
    const reason = `night ${next.run} took its place (overlap cancel-other)`;
    expect(between.map((night) => [night.state, night.reason])).toEqual(between.map(() => ['skipped', reason]));
    await eventually(() => told('cancel-other').some((text) => text.endsWith(reason)));
  });
});
