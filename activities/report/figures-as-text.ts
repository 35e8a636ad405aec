import type { TeacherUsage } from '../../contracts/record.js';

/** `1 h 04 min`, `3 min 12 s`, `4.2 s`: how long, for people. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** `2026-11-21 14:05 UTC`. */
export const timeText = (iso: string): string => `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `39,672`. */
export const countText = (count: number): string => count.toLocaleString('en-US');

/** `$12.30`; an unknown price is said to be unknown, never shown as zero. */
export function moneyText(usd: number | null): string {
  if (usd === null) return 'price unknown';
  return usd > 0 && usd < 0.01 ? 'less than $0.01' : `$${usd.toFixed(2)}`;
}

/** What a list of stages' teacher calls cost together. Our rehearsal teacher costs nothing; one unknown price makes the sum unknown. */
export function costText(usages: readonly Pick<TeacherUsage, 'model' | 'usd'>[]): string {
  const priced = usages.filter((usage) => usage.model !== 'rehearsal');
  if (priced.length === 0) return usages.length === 0 ? 'nothing was asked' : 'none (rehearsal)';
  return moneyText(priced.some((usage) => usage.usd === null) ? null : priced.reduce((sum, usage) => sum + (usage.usd ?? 0), 0));
}

/** Three significant figures, without trailing noise: 0.0412, 1.32, 245, 1.3e-6. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1);
  if (size >= 1000) return countText(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** Many lines cut to a length, saying how much is not shown. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)} … (${countText(text.length - most)} more characters)`;
}
