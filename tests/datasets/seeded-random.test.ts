import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../activities/datasets/seeded-random.js';

const draws = (...key: [number | string, ...(string | number)[]]): number[] => {
  const random = seededRandom(...key);
  return Array.from({ length: 5 }, () => random.next());
};

describe('seeded random', () => {
  test('gives the same sequence for the same key, on every version', () => {
    expect(draws(7, 'options', 'a.png')).toEqual(draws(7, 'options', 'a.png'));
    expect(seededRandom(0).shuffle(['a', 'b', 'c', 'd', 'e', 'f'])).toMatchInlineSnapshot(`
      [
        "a",
        "c",
        "d",
        "b",
        "f",
        "e",
      ]
    `);
  });

  test('keeps keys apart, also where their parts join to the same text', () => {
    const keys = [draws(7, 'a', 'bc'), draws(7, 'ab', 'c'), draws(7, 'abc'), draws(8, 'a', 'bc'), draws(7, 'bc', 'a')];
    expect(new Set(keys.map((key) => key.join())).size).toBe(keys.length);
  });

  test('shuffles without loss, and does not touch its input', () => {
    const items = Array.from({ length: 40 }, (_, i) => i);
    const shuffled = seededRandom(1).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
    expect(items[0]).toBe(0);
  });

  test('picks every item at times, and refuses an empty list', () => {
    const random = seededRandom(2);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[random.pick([0, 1, 2, 3])]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(() => seededRandom(2, 'templates').pick([])).toThrow(/templates/);
  });

  test('has uniform and normal numbers in their ranges', () => {
    const random = seededRandom(3);
    const normals = Array.from({ length: 5000 }, () => random.normal());
    const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length;
    const variance = normals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normals.length;
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(variance - 1)).toBeLessThan(0.1);
    expect(draws(3).every((value) => value >= 0 && value < 1)).toBe(true);
  });
});
