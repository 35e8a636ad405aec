import { CliError, EXIT } from './exit-codes.js';

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };
/** Between a stage's save and its record a large model's upload may lie. */
const LEAST_GRACE_MS = 3_600_000;

/** The times of `judo artifacts gc`. A grace that a stage could outlast is refused: what it just saved would be deleted. */
export function garbageTimes({ grace, keepRuns }: { grace: string; keepRuns?: string }): { graceMs: number; keepRunsMs: number | null } {
  const graceMs = durationOf('--grace', grace);
  if (graceMs < LEAST_GRACE_MS)
    throw new CliError(EXIT.usage, `--grace ${grace} is too short: a stage that saves its outputs now could lose them`, 'Give 1h or more.');
  return { graceMs, keepRunsMs: keepRuns === undefined ? null : durationOf('--keep-runs', keepRuns) };
}

function durationOf(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new CliError(EXIT.usage, `${option} ${text} is no duration`, 'Give a whole number and m, h or d, as in 90m, 24h or 30d.');
  return Number(count) * UNITS_MS[unit]!;
}
