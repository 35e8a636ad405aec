import type { NightTimes } from '../../contracts/nightly.js';
import { nearest } from '../../workflows/core/nearest.js';
import { oddDays } from '../../activities/nightly/due-times.js';
import { CliError, EXIT } from '../exit-codes.js';

export interface TimeOptions {
  readonly at?: string;
  readonly timezone?: string;
  readonly every?: string;
  readonly jitter: string;
  readonly catchup: string;
  readonly overlap: NightTimes['overlap'];
}

/** How far ahead clock changes are provided for in a schedule. */
export const YEARS_AHEAD = 10;
const YEAR_MS = 365.25 * 86_400_000;
const LEAST_CATCHUP_MS = 10_000;
const LEAST_EVERY_MS = 1000;

/** The options of `judo nightly create` -> when its nights are due. What cannot be is refused with the nearest thing that can. */
export function readTimes(options: TimeOptions): NightTimes {
  const jitterMs = milliseconds('--jitter', options.jitter);
  const catchupMs = milliseconds('--catchup', options.catchup);
  if (catchupMs < LEAST_CATCHUP_MS)
    throw new CliError(EXIT.usage, `--catchup ${options.catchup}: Temporal's least is 10s`, 'Give 10s or more.');
  const due = readDue(options);
  const periodMs = due.by === 'interval' ? due.everyMs : 86_400_000;
  if (jitterMs >= periodMs)
    throw new CliError(EXIT.usage, `--jitter ${options.jitter} is as long as the time between two nights`, 'Give less.');
  return { due, jitterMs, catchupMs, overlap: options.overlap };
}

function readDue({ at, timezone, every }: TimeOptions): NightTimes['due'] {
  if (every !== undefined) {
    if (at !== undefined || timezone !== undefined)
      throw new CliError(EXIT.usage, '--every excludes --at and --timezone', 'Give one or the other.');
    const everyMs = milliseconds('--every', every);
    if (everyMs < LEAST_EVERY_MS) throw new CliError(EXIT.usage, `--every ${every}: a second is the least`, 'Give 1s or more.');
    return { by: 'interval', everyMs };
  }
  if (at === undefined) throw new CliError(EXIT.usage, 'when is a night due?', 'Give --at 02:00 --timezone Europe/Berlin.');
  return { by: 'clock', at: clockTime(at), timezone: timeZone(timezone ?? 'UTC') };
}

function clockTime(text: string): string {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const time = `${hour.padStart(2, '0')}:${minute}`;
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) return time;
  const remedy = hour === '24' && minute === '00' ? 'Midnight is 00:00.' : 'Give hours and minutes from 00:00 to 23:59, as in 02:00.';
  throw new CliError(EXIT.usage, `--at ${text}: there is no such time`, remedy);
}

/** A name of the time zone database, as the server reads it: exact in upper and lower case. */
function timeZone(name: string): string {
  const known = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  if (known.includes(name)) return name;
  const same = known.find((one) => one.toLowerCase() === name.toLowerCase());
  // Older names (US/Pacific) are in no list and good all the same. Offsets (+01:00) are known here and not to the server.
  if (same === undefined && /^[A-Z][A-Za-z_]*\/[A-Z]/.test(name) && isKnown(name)) return name;
  const city = (zone: string) => zone.split('/').at(-1)!;
  const near =
    same ??
    known.find((one) => city(one).toLowerCase() === name.replaceAll(' ', '_').toLowerCase()) ??
    nearest(name, known) ??
    known.find((one) => city(one) === nearest(name.replaceAll(' ', '_'), known.map(city)));
  throw new CliError(
    EXIT.usage,
    `--timezone ${name}: there is no such time zone${near === undefined ? '' : `; did you mean "${near}"?`}`,
    'Give a name of the time zone database, as in Europe/Berlin or UTC.',
  );
}

function isKnown(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(option: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const scale = UNIT_MS[unit];
  if (scale === undefined)
    throw new CliError(EXIT.usage, `${option} ${text}: not a duration`, 'Give a whole number with s, m, h or d, as in 10m.');
  return Number(number) * scale;
}

/** What happens on the next dates whose clocks do not show the time, or show it twice; one line each. */
export function clockChanges({ due }: NightTimes, from: number): string[] {
  if (due.by === 'interval') return [];
  return oddDays(due.at, due.timezone, from, YEARS_AHEAD)
    .filter(({ at }) => at < from + 2 * YEAR_MS)
    .map(({ date, times, shown }) =>
      times === 0
        ? `on ${date} there is no ${due.at} in ${due.timezone} (clocks go forward over it): that night is due at ${shown}`
        : `on ${date} ${due.at} comes twice in ${due.timezone} (clocks go back over it): that night is due the first time only`,
    );
}
