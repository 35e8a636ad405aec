import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf, type Answer } from './judo.js';
import { startCliStack, type CliStack } from './stack.js';

/** `judo nightly` on a real stack, in the order in which a user meets it. No night fires here: tests/workflows has those. */
let stack: CliStack;
let judo: (...words: string[]) => Promise<Answer>;
const create = (...words: string[]) => judo('nightly', 'create', stack.recipe, '--name', 'plant', ...words);

beforeAll(async () => {
  stack = await startCliStack();
  judo = stack.judo();
});
afterAll(() => stack?.stop());

describe('judo nightly create', () => {
  test.each([
    [
      ['--at', '02:00', '--timezone', 'Europe/Berln'],
      '--timezone Europe/Berln: there is no such time zone; did you mean "Europe/Berlin"?',
      'Give a name of the time zone database, as in Europe/Berlin or UTC.',
    ],
    [['--at', '02:00', '--timezone', '+01:00'], '--timezone +01:00: there is no such time zone', 'Give a name of the time zone database'],
    [['--at', '24:00'], '--at 24:00: there is no such time', 'Midnight is 00:00.'],
    [['--at', '2.30'], '--at 2.30: there is no such time', 'Give hours and minutes from 00:00 to 23:59, as in 02:00.'],
    [[], 'when is a night due?', 'Give --at 02:00 --timezone Europe/Berlin.'],
    [['--every', '6h', '--at', '02:00'], '--every excludes --at and --timezone', 'Give one or the other.'],
    [['--every', '6h', '--overlap', 'both'], "argument 'both' is invalid", 'judo nightly create --help'],
    [['--every', '6h', '--catchup', '5s'], "--catchup 5s: Temporal's least is 10s", 'Give 10s or more.'],
    [['--every', '100d', '--jitter', '1w'], '--jitter 1w: not a duration', 'Give a whole number with s, m, h or d, as in 10m.'],
  ])('%j is refused with the remedy, and makes nothing', async (words, told, remedy) => {
    const { code, stdout, stderr } = await create(...words);
    expect(stderr).toContain(told);
    expect(stderr).toMatch(/\nremedy: /);
    expect(stderr).toContain(remedy);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('says what happens on the nights whose clocks skip the time, or show it twice', async () => {
    expect(documentOf(await judo('nightly', 'list', '-o', 'json'))['nightlies']).toEqual([]);
    const { code, stdout, stderr } = await create('--at', '02:30', '--timezone', 'Europe/Berlin');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'plant\n' });
    expect(stderr).toMatch(/^created; next night: \d{4}-\d\d-\d\dT0[01]:30:00\.000Z$/m);
    expect(stderr).toMatch(/^note: on \d{4}-03-\d\d there is no 02:30 in Europe\/Berlin \(clocks go forward over it\): .* due at 03:30$/m);
    expect(stderr).toMatch(
      /^note: on \d{4}-10-\d\d 02:30 comes twice in Europe\/Berlin \(clocks go back over it\): .* the first time only$/m,
    );
    const again = documentOf(await create('--at', '02:30', '--timezone', 'Europe/Berlin', '-o', 'json'));
    expect(again).toMatchObject({ name: 'plant', did: 'unchanged', changed: [] });
    expect(again['remarks']).toHaveLength(4);
    expect((await create('--at', '04:00', '--timezone', 'Europe/Berlin')).stderr).toMatch(/^updated \(times\); next night: \S+\n$/);
  });
});

describe('a nightly', () => {
  test('is listed with its time zone, and has had no night yet', async () => {
    expect(documentOf(await judo('nightly', 'list', '-o', 'json'))['nightlies']).toMatchObject([
      { name: 'plant', due: '04:00 Europe/Berlin', state: 'on', lastNight: null },
    ]);
    expect(documentOf(await judo('nightly', 'history', 'plant', '-o', 'json'))).toEqual({ schemaVersion: 1, nightly: 'plant', nights: [] });
    expect(await judo('nightly', 'history', 'plnt')).toMatchObject({
      ...{ code: 4, stdout: '' },
      stderr: expect.stringContaining('there is no nightly "plnt"; did you mean "plant"?\nremedy: '),
    });
  });

  test('is deleted only when that is said twice', async () => {
    expect(await judo('nightly', 'delete', 'plant')).toMatchObject({ code: 2, stderr: expect.stringContaining('pass --yes') });
    expect((await judo('nightly', 'delete', 'plant', '--yes')).code).toBe(0);
    expect(documentOf(await judo('nightly', 'list', '-o', 'json'))['nightlies']).toEqual([]);
  });
});
