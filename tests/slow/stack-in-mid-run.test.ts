import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  completed,
  createStackHome,
  keyOf,
  listens,
  madeBy,
  pictures,
  portsOf,
  until,
  type RunDocument,
  type StackHome,
} from './stack-home.js';

/** Two homes side by side run the same two stages; one is left alone, the other's stack is stopped in the middle of its training. */
const folder = mkdtempSync(join(tmpdir(), 'judo-side-by-side-'));
const FIRST = 'seg-jux';
let left: StackHome;
let stopped: StackHome;
let expected: RunDocument;
let recipe: string[];

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly detail: string;
  readonly remedy: string | null;
}

async function doctor(home: StackHome): Promise<{ code: number | null; checks: Finding[] }> {
  const { code, stdout } = await home.judo('doctor', '-o', 'json');
  return { code, checks: (JSON.parse(stdout) as { checks: Finding[] }).checks };
}

beforeAll(async () => {
  const { recipe: file, data } = await pictures(folder);
  recipe = [file, '--data', data, '--until', FIRST];
  left = createStackHome('left');
  stopped = createStackHome('stopped');
  await Promise.all([left.up(), stopped.up()]);
});

afterAll(async () => {
  await Promise.all([left, stopped].map((home) => home?.remove()));
  rmSync(folder, { recursive: true, force: true });
});

describe('two stacks side by side', () => {
  test('have no port, process or file in common, and `judo up` again changes neither', async () => {
    const ports = [...portsOf(left.stack()), ...portsOf(stopped.stack())];
    expect(new Set(ports).size).toBe(8);
    const pids = (home: StackHome) => home.stack().processes.map(({ pid }) => pid);
    const before = [pids(left), pids(stopped)];
    expect([(await left.up()).outcome, (await stopped.up()).outcome]).toEqual(['running', 'running']);
    expect([pids(left), pids(stopped)]).toEqual(before);
  });

  test('are all well by `judo doctor`, each for itself', async () => {
    for (const home of [left, stopped]) {
      const { code, checks } = await doctor(home);
      expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
      expect(code).toBe(0);
      expect(checks.find(({ check }) => check === 'temporal server')?.detail).toContain(home.stack().temporal?.address);
    }
  });
});

describe('judo down in the middle of a run', () => {
  test('leaves no process and no port, and doctor says what to do; after judo up the run goes on to the same end', async () => {
    const undisturbed = left.run(...recipe, '--name', 'left');
    const running = stopped.run(...recipe, '--name', 'stopped');
    await until('a committed checkpoint', stopped, () => stopped.jobs().some((key) => stopped.checkpoints(key).length > 0));
    const [key = ''] = stopped.jobs().filter((one) => stopped.checkpoints(one).length > 0);
    const before = stopped.stack();
    await stopped.down();
    expect(stopped.processes()).toEqual([]);
    expect(await Promise.all(portsOf(before).map(listens))).toEqual([false, false, false, false]);
    expect(await Promise.all(portsOf(left.stack()).map(listens))).toEqual([true, true, true, true]);

    const { code, checks } = await doctor(stopped);
    expect(code).toBe(1);
    const failed = new Map(checks.filter(({ state }) => state === 'fail').map(({ check, remedy }) => [check, remedy]));
    const away = ['stack', 'temporal server', 'search attributes', 'workflow builds', 'bucket', 'clock', 'rehearsal teacher'];
    expect([...failed.keys()].filter((check) => !check.startsWith('worker on '))).toEqual(away);
    expect([...failed.keys()]).toHaveLength(away.length + 4);
    for (const remedy of failed.values()) expect(remedy).toContain('judo up');

    await stopped.up();
    expected = completed(await undisturbed);
    const got = completed(await running);
    expect(keyOf(got, FIRST)).toBe(key);
    expect(madeBy(got)).toEqual(madeBy(expected));
    expect(stopped.record(key).summary['resumedAtStep']).toBeGreaterThan(0);
  });

  test('a second run finds everything done, and the end leaves nothing', async () => {
    const again = completed(await stopped.run(...recipe, '--name', 'again'));
    expect(new Set(again.stages.map(({ outcome }) => outcome))).toEqual(new Set(['reused']));
    expect(madeBy(again)).toEqual(madeBy(expected));
    const before = stopped.stack();
    await stopped.down();
    expect(stopped.processes()).toEqual([]);
    expect(await Promise.all(portsOf(before).map(listens))).toEqual([false, false, false, false]);
  });
});
