import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellsToText, gridEdges, maskToCells, NORMAL_COMPARISON, parseCells, segTarget } from '../../activities/datasets/grid.js';
import type { Cell } from '../../contracts/rows.js';

const coordinate = fc.integer({ min: 1, max: 16 });
const cells = fc.uniqueArray(fc.tuple(coordinate, coordinate), { maxLength: 256, selector: (cell) => cell.join() });
const inReadingOrder = (list: readonly Cell[]) => [...list].sort((a, b) => a[0] - b[0] || a[1] - b[1]);

describe('cells and text', () => {
  test('text of any set of cells reads back as that set, in both profiles and with the paper’s separator', () => {
    fc.assert(
      fc.property(cells, fc.constantFrom('strict', 'judo_code'), fc.constantFrom(' , ', ', '), (set, profile, separator) => {
        expect(parseCells(`<seg> ${cellsToText(set, separator)} </seg>`, profile)).toEqual(inReadingOrder(set));
      }),
    );
  });

  test('order and repetition of cells do not change their text', () => {
    fc.assert(
      fc.property(cells, (set) => {
        expect(cellsToText([...set, ...[...set].reverse()])).toBe(cellsToText(set));
      }),
    );
  });

  test('whatever a completion holds, reading it gives cells of the grid or null, and never throws', () => {
    const piece = fc.constantFrom('<seg>', '</seg>', '(1,2)', '-', ',', '(16,17)', 'None', '\n', ' ', '5', ')', '(3,1)-(3,4)');
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom('strict', 'judo_code'), (pieces, profile) => {
        for (const cell of parseCells(pieces.join(''), profile) ?? []) expect(cell.every((i) => i >= 1 && i <= 16)).toBe(true);
      }),
    );
  });

  test.each([
    ['no tag', 'none', null, []],
    ['a tag over several lines', '<seg>\n(1,1)\n</seg>', [[1, 1]], []],
    ['a pair that lacks a parenthesis', '<seg>5,5)</seg>', null, [[5, 5]]],
    ['a sign', '<seg>(+4,2)</seg>', null, [[4, 2]]],
    ['an empty tag', '<seg></seg>', [], []],
    ['a sentence', '<seg>none.</seg>', null, null],
    ['a range that runs backwards', '<seg>(1,5)-(1,2)</seg>', null, null],
    ['a row of the edge that does not exist', '<seg>(17,1)</seg>', null, null],
    ['a huge number', `<seg>(1,${'9'.repeat(30)})</seg>`, null, null],
  ])('%s is read by each profile as it should be', (_, completion, strict, judoCode) => {
    expect(parseCells(completion, 'strict')).toEqual(strict);
    expect(parseCells(completion, 'judo_code')).toEqual(judoCode);
  });

  test('a target without a comparison says that nothing differs only where no cell is marked', () => {
    expect(segTarget('None', null)).toBe(`<seg> None </seg>\n<think> ${NORMAL_COMPARISON} </think>`);
    expect(segTarget('(1,1)', '')).not.toContain(NORMAL_COMPARISON);
    expect(segTarget(' (1,1) ', ' a chip ')).toBe('<seg> (1,1) </seg>\n<think> a chip </think>');
  });
});

describe('mask to cells', () => {
  const mask = fc.record({ width: fc.integer({ min: 1, max: 70 }), height: fc.integer({ min: 1, max: 70 }), seed: fc.nat() }).map(draw);

  function draw({ width, height, seed }: { width: number; height: number; seed: number }) {
    const data = new Uint8Array(width * height);
    for (let i = seed % 97; i < data.length; i += 1 + (seed % 31)) data[i] = 1 + (i % 255);
    return { width, height, data };
  }

  test('edges cover the axis without gap and never run backwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), (length) => {
        const edges = gridEdges(length);
        expect(edges).toHaveLength(17);
        expect([edges[0], edges[16]]).toEqual([0, length]);
        expect(edges).toEqual(edges.map((_, i) => Math.floor((i * length) / 16)));
      }),
    );
  });

  test('any overlap marks exactly the cells that hold a defect pixel', () => {
    fc.assert(
      fc.property(mask, ({ width, height, data }) => {
        const [rows, columns] = [gridEdges(height), gridEdges(width)];
        const holding = new Set<string>();
        data.forEach((value, i) => {
          const [y, x] = [Math.floor(i / width), i % width];
          if (value) holding.add(`${rows.findLastIndex((edge) => edge <= y) + 1},${columns.findLastIndex((edge) => edge <= x) + 1}`);
        });
        const found = maskToCells({ width, height, data }, { coverageThreshold: 0, fallbackAnyPixel: false });
        expect(new Set(found.map((cell) => cell.join()))).toEqual(holding);
      }),
    );
  });

  test('with the fallback a mask that holds a pixel is never normal, and without a pixel it always is', () => {
    fc.assert(
      fc.property(mask, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, coverageThreshold) => {
        const found = maskToCells(drawn, { coverageThreshold, fallbackAnyPixel: true });
        expect(found.length > 0).toBe(drawn.data.some((value) => value !== 0));
      }),
    );
  });

  test('a raster whose bytes do not fit its size is refused', () => {
    const wrong = { width: 4, height: 4, data: new Uint8Array(48) };
    expect(() => maskToCells(wrong, { coverageThreshold: 0.02, fallbackAnyPixel: true })).toThrow('needs 16 bytes, got 48');
  });
});
