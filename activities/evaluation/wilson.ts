/** A percentage with its 95 % interval. `right` of `n` answers; a mean of percentages has the sums of both. */
export interface Score {
  readonly percent: number;
  readonly low: number;
  readonly high: number;
  readonly right: number;
  readonly n: number;
}

/** 97.5 % quantile of the normal distribution. */
const Z95 = 1.959963984540054;

/** Wilson's score interval of a proportion, in percent. No answers: 0 with the interval 0..100. */
export function wilsonScore(right: number, n: number): Score {
  if (n === 0) return { percent: 0, low: 0, high: 100, right, n };
  const p = right / n;
  const z2n = (Z95 * Z95) / n;
  const centre = (p + z2n / 2) / (1 + z2n);
  const half = (Z95 * Math.sqrt((p * (1 - p)) / n + z2n / (4 * n))) / (1 + z2n);
  return { percent: p * 100, low: Math.max(0, centre - half) * 100, high: Math.min(1, centre + half) * 100, right, n };
}

/**
 * Plain mean of independent percentages. Its interval adds their half-widths in squares on each side
 * (Newcombe's method, also called MOVER), so that it agrees with Wilson for a single one.
 */
export function meanScore(scores: readonly Score[]): Score | null {
  if (scores.length === 0) return null;
  const k = scores.length;
  const mean = (pick: (score: Score) => number) => scores.reduce((sum, score) => sum + pick(score), 0) / k;
  const half = (pick: (score: Score) => number) => Math.sqrt(scores.reduce((sum, score) => sum + pick(score) ** 2, 0)) / k;
  const percent = mean((score) => score.percent);
  return {
    percent,
    low: Math.max(0, percent - half((score) => score.percent - score.low)),
    high: Math.min(100, percent + half((score) => score.high - score.percent)),
    right: scores.reduce((sum, score) => sum + score.right, 0),
    n: scores.reduce((sum, score) => sum + score.n, 0),
  };
}
