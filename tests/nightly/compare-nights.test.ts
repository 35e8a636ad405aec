import { describe, expect, test } from 'vitest';
import { wilsonScore } from '../../activities/evaluation/wilson.js';
import type { NightFigures } from '../../contracts/nightly.js';
import { compareNights, describeDifference } from '../../workflows/core/compare-nights.js';

const night = (right: number, n: number, rest: Partial<NightFigures> = {}): NightFigures => ({
  metrics: { 'mmad-eval: Average': wilsonScore(right, n) },
  seconds: 600,
  gpuHours: 1,
  usd: 2,
  ...rest,
});
const LIMITS = { points: 1, percent: 50 };
const regressed = (before: NightFigures, now: NightFigures, limits = LIMITS) =>
  compareNights(before, now, limits).flatMap((line) => (line.regressed ? [line.what] : []));

describe('a metric', () => {
  test('that fell by more than chance explains has regressed', () => {
    expect(regressed(night(800, 1000), night(700, 1000))).toEqual(['mmad-eval: Average']);
  });
  test('that fell as much on few questions has not: its interval holds zero', () => {
    const line = compareNights(night(16, 20), night(14, 20), LIMITS)[0]!;
    expect(line.low).toBeLessThan(0);
    expect(line.high).toBeGreaterThan(0);
    expect(line.regressed).toBe(false);
  });
  test('that fell for certain, but by less than the threshold, has not', () => {
    const [before, now] = [night(800_000, 1_000_000), night(792_000, 1_000_000)];
    expect(compareNights(before, now, LIMITS)[0]!.high).toBeLessThan(0);
    expect(regressed(before, now)).toEqual([]);
    expect(regressed(before, now, { ...LIMITS, points: 0.5 })).toEqual(['mmad-eval: Average']);
  });
  test('that rose has not, and one that is no longer measured has', () => {
    expect(regressed(night(700, 1000), night(800, 1000))).toEqual([]);
    expect(regressed(night(700, 1000), night(0, 0, { metrics: {} }))).toEqual(['mmad-eval: Average']);
    expect(regressed(night(0, 0, { metrics: {} }), night(700, 1000))).toEqual([]);
  });
  test("has Newcombe's interval: 56/70 against 48/80 differ by 20 points, 5.24 to 33.39", () => {
    const { low, high } = compareNights(night(56, 70), night(48, 80), LIMITS)[0]!;
    expect([-high!, -low!].map((bound) => Number(bound.toFixed(2)))).toEqual([5.24, 33.39]);
  });
});

test('a night that took or cost much more has regressed, by share and by amount', () => {
  expect(regressed(night(8, 10), night(8, 10, { seconds: 1000, usd: 4 }))).toEqual(['duration', 'teacher']);
  expect(regressed(night(8, 10, { seconds: 4, usd: 0.01 }), night(8, 10, { seconds: 20, usd: 0.05 }))).toEqual([]);
});

test('a difference is told in one line, with its interval', () => {
  const [metric, time] = compareNights(night(800, 1000), night(700, 1000, { seconds: 1200 }), LIMITS);
  expect(describeDifference(metric!)).toBe('mmad-eval: Average 80.00 -> 70.00 (-10.00, 95 % -13.75 to -6.21)');
  expect(describeDifference(time!)).toBe('duration 600 -> 1200 s (+600)');
});
