import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grid } from '../../cli/sweep/grid.js';
import { resultCsv, resultRows, resultTable, type Measured } from '../../cli/sweep/sweep-results.js';

const METRIC = { stage: 'mmad-eval', figure: 'average', best: 'highest' } as const;
const measured = (variant: string, seed: number | null, average: number | null): Measured => ({
  variant,
  set: {},
  seed,
  figures: average === null ? null : { average, n: 14 },
  interval: average === null ? null : { low: average - 5, high: average + 5 },
});

describe('the results of a sweep', () => {
  test('take the seeds of a variant together: mean, sample standard deviation, n', () => {
    const rows = resultRows([measured('judo,seed=0', 0, 80), measured('judo,seed=1', 1, 82), measured('judo,seed=2', 2, 84)], METRIC);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ variant: 'judo', n: 3, mean: 82, deviation: 2, interval: null });
  });
  test('keep apart what differs in more than the seed', () => {
    const rows = resultRows([measured('judo,beta=0.01,seed=1', 1, 80), measured('judo,beta=0.1,seed=1', 1, 81)], METRIC);
    expect(rows.map(({ variant }) => variant)).toEqual(['judo,beta=0.1', 'judo,beta=0.01']);
  });
  test('of one measurement have its own interval and no deviation', () => {
    expect(resultRows([measured('base', null, 70)], METRIC)[0]).toMatchObject({ deviation: null, interval: { low: 65, high: 75 } });
  });
  test('are sorted best first; what is not measured is last and is no zero', () => {
    const all = [measured('none', null, null), measured('low', null, 10), measured('high', null, 90)];
    expect(resultRows(all, METRIC).map(({ variant }) => variant)).toEqual(['high', 'low', 'none']);
    expect(resultRows(all, { ...METRIC, best: 'lowest' }).map(({ variant }) => variant)).toEqual(['low', 'high', 'none']);
    expect(resultTable(resultRows(all, METRIC), METRIC).at(-1)).toEqual(['none', '-', '-', '-', '0 of 1', '-']);
  });
  test('count the seeds that are measured so far', () => {
    const rows = resultRows([measured('judo,seed=0', 0, 80), measured('judo,seed=1', 1, null)], METRIC);
    expect(resultTable(rows, METRIC)[1]!.slice(0, 5)).toEqual(['judo', '80', '-', '75.0-85.0', '1 of 2']);
  });
  test('have a mean within the values and a deviation that does not depend on where they lie', () => {
    const values = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(values, fc.integer({ min: -50, max: 50 }), (averages, shift) => {
        const rowOf = (by: number) =>
          resultRows(
            averages.map((average, seed) => measured(`a,seed=${seed}`, seed, average + by)),
            METRIC,
          )[0]!;
        const [row, moved] = [rowOf(0), rowOf(shift)];
        expect(row.mean).toBeGreaterThanOrEqual(Math.min(...averages));
        expect(row.mean).toBeLessThanOrEqual(Math.max(...averages));
        expect(moved.mean! - row.mean!).toBeCloseTo(shift, 8);
        expect(moved.deviation!).toBeCloseTo(row.deviation!, 8);
      }),
    );
  });
  test('as CSV quote what holds a comma, and leave empty what is not known', () => {
    const rows = resultRows([measured('a,beta=0.1', null, 70), measured('b', null, null)], METRIC);
    expect(resultCsv(rows, METRIC)).toBe(
      'variant,mmad-eval.average,deviation,low95,high95,n,seeds,mean n\n"a,beta=0.1",70,,65,75,1,1,14\nb,,,,,0,1,\n',
    );
  });
});

test('the grid has the stages in the order of the longest variant, and a dash where a variant has none', () => {
  const cells = ['short/eval', 'long/data', 'long/train', 'long/eval'].map((label) => ({
    variant: label.split('/')[0]!,
    stage: label.split('/')[1]!,
  }));
  expect(grid(cells, ({ stage }) => stage.toUpperCase())).toEqual([
    ['VARIANT', 'data', 'train', 'eval'],
    ['short', '-', '-', 'EVAL'],
    ['long', 'DATA', 'TRAIN', 'EVAL'],
  ]);
});
