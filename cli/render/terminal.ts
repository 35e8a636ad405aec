/** Colour and the live view only where a person looks: a terminal that is not dumb, not in CI, and not asked to be plain. */
export function isLive(stream: NodeJS.WriteStream, options: { progress?: boolean } = {}): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb' && !process.env['CI'] && options.progress !== false;
}

export function hasColour(stream: NodeJS.WriteStream): boolean {
  if (process.env['NO_COLOR']) return false;
  const forced = process.env['FORCE_COLOR'];
  if (forced) return forced !== '0' && forced !== 'false';
  return isLive(stream);
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34 } as const;
export type Paint = (style: keyof typeof CODES, text: string) => string;

/** Paints for a stream: escape codes where it has colour, else the text as it is. */
export function painter(stream: NodeJS.WriteStream): Paint {
  return hasColour(stream) ? (style, text) => `\x1b[${CODES[style]}m${text}\x1b[0m` : (_style, text) => text;
}

/** Rows as aligned columns; the last column is never padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, visibleLength(cell))), []);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - visibleLength(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// eslint-disable-next-line no-control-regex
const visibleLength = (text: string): number => text.replaceAll(/\x1b\[\d+m/g, '').length;

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** A moment: relative where a person looks, ISO elsewhere. */
export function when(iso: string, stream: NodeJS.WriteStream): string {
  return isLive(stream) ? `${age(Date.now() - Date.parse(iso))} ago` : iso;
}

/** The largest unit alone: `3 min`, `2 h`, `5 days`. */
function age(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours >= 1) return `${hours} h`;
  return ms >= 60_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.max(0, Math.round(ms / 1000))} s`;
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = n === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  return power === 0 ? `${n} B` : `${(n / 2 ** (10 * power)).toFixed(1)} ${units[power]}`;
}
