import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConformanceCase, readCases } from './case-file.js';
import { judge, reportLines } from './judge.js';
import { runPython } from './python.js';
import { runTypeScript } from './suites.js';

const goldens = '../shared/goldens/cases.json';
const expectation = ConformanceCase.parse({ id: 'x-1', suite: 'x', profile: 'p', input: {}, expected: [1.0], tolerance: 0.1 });

describe('the verdict on a case', () => {
  test('an unknown suite and an unknown profile are failures that say so', () => {
    const unknownSuite = { TypeScript: { unknown: 'suite' }, Python: { unknown: 'suite' } } as const;
    expect(judge(expectation, unknownSuite).failure).toBe('unknown suite "x"');
    const unknownProfile = { TypeScript: { unknown: 'suite' }, Python: { unknown: 'profile' } } as const;
    expect(judge(expectation, unknownProfile).failure).toBe('unknown profile "p" of suite x');
  });

  test('every language that knows the case has to be right', () => {
    const judged = judge(expectation, { TypeScript: { got: [1.05] }, Python: { got: [2] } });
    expect(judged.failure).toBe('Python: expected [1], got [2]');
    expect(judge(expectation, { TypeScript: { got: [1.05] }, Python: { unknown: 'suite' } }).failure).toBeNull();
  });

  test('the report ends with the sum over all suites', () => {
    const verdicts = [
      { id: 'a', suite: 's', failure: null },
      { id: 'b', suite: 't', failure: 'Python: expected 1, got 2' },
    ];
    expect(reportLines(verdicts)).toEqual([
      'FAIL t b: Python: expected 1, got 2',
      's  1 passed, 0 failed',
      't  0 passed, 1 failed',
      '1 passed, 1 failed',
    ]);
  });

  test('input that a suite cannot read is a failure of the case, not of the run', () => {
    const outcome = runTypeScript({ ...expectation, suite: 'grid_edges', profile: 'judo_code', input: { length: 'long' } });
    expect(outcome).toHaveProperty('error', expect.stringContaining('length'));
    expect(runTypeScript({ ...expectation, suite: 'toString' })).toEqual({ unknown: 'suite' });
  });
});

test('a file that is no file of cases is refused by name', async () => {
  await expect(readCases('nowhere.json')).rejects.toThrow('cannot read nowhere.json');
  await expect(readCases('package.json')).rejects.toThrow('package.json is not a file of conformance cases');
});

test.skipIf(!existsSync(goldens))(
  'all shared cases pass in every language that knows them (skipped where ../shared is absent)',
  async () => {
    const cases = await readCases(goldens);
    const python = await runPython(process.cwd(), cases);
    const verdicts = cases.map((one, i) => judge(one, { TypeScript: runTypeScript(one), Python: python[i]! }));
    expect(verdicts.filter(({ failure }) => failure !== null)).toEqual([]);
  },
);
