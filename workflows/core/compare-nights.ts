import type { NightDifference, NightFigures, NightThresholds } from '../../contracts/nightly.js';

/** Below these a difference of duration or cost is noise, whatever its share. */
const LEAST = { s: 60, 'GPU h': 0.1, USD: 0.1 } as const;

/**
 * A night beside the last good one, line by line. A metric has regressed when it fell by more than the threshold and the 95 %
 * interval of the difference lies wholly below zero: a few questions fewer right by chance wake nobody. A metric that is no
 * longer measured has regressed too.
 */
export function compareNights(before: NightFigures, now: NightFigures, thresholds: NightThresholds): NightDifference[] {
  const names = [...new Set([...Object.keys(before.metrics), ...Object.keys(now.metrics)])];
  return [
    ...names.map((name) => compareMetric(name, before.metrics[name] ?? null, now.metrics[name] ?? null, thresholds.points)),
    compareAmount('duration', 's', before.seconds, now.seconds, thresholds.percent),
    compareAmount('GPU time', 'GPU h', before.gpuHours, now.gpuHours, thresholds.percent),
    compareAmount('teacher', 'USD', before.usd, now.usd, thresholds.percent),
  ];
}

type Figure = NightFigures['metrics'][string];

function compareMetric(what: string, before: Figure, now: Figure, points: number): NightDifference {
  const line = { what, unit: 'points' as const, before: before?.percent ?? null, now: now?.percent ?? null };
  if (before === null || now === null) return { ...line, low: null, high: null, regressed: before !== null };
  const difference = now.percent - before.percent;
  // Newcombe's interval of a difference: the two intervals' half-widths, added in squares on each side.
  const low = difference - Math.hypot(now.percent - now.low, before.high - before.percent);
  const high = difference + Math.hypot(now.high - now.percent, before.percent - before.low);
  return { ...line, low, high, regressed: difference < -points && high < 0 };
}

function compareAmount(what: string, unit: keyof typeof LEAST, before: number, now: number, percent: number): NightDifference {
  const isMuch = now - before > LEAST[unit] && now > before * (1 + percent / 100);
  return { what, unit, before, now, low: null, high: null, regressed: isMuch };
}

/** `mmad-eval: Average 41.20 -> 35.10 (-6.10, 95 % -8.00 to -4.20)`. */
export function describeDifference({ what, unit, before, now, low, high }: NightDifference): string {
  const digits = unit === 's' ? 0 : 2;
  const show = (value: number) => value.toFixed(digits);
  const signed = (value: number) => `${value < 0 ? '' : '+'}${show(value)}`;
  if (before === null || now === null)
    return `${what} ${before === null ? 'was not measured' : show(before)} -> ${now === null ? 'not measured' : show(now)}`;
  const interval = low === null || high === null ? '' : `, 95 % ${signed(low)} to ${signed(high)}`;
  return `${what} ${show(before)} -> ${show(now)}${unit === 'points' ? '' : ` ${unit}`} (${signed(now - before)}${interval})`;
}
