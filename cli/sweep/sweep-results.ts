import type { SweepPlan } from '../../contracts/plan.js';

/** Figures of one variant's measured stage; null while it has none. */
export interface Measured {
  readonly variant: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly seed: number | null;
  readonly figures: Readonly<Record<string, number>> | null;
  /** The metric's 95 % interval from the answers it rests on, where the stage gives one. */
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** One row of the results table: a variant, its seeds taken together. */
export interface ResultRow {
  readonly variant: string;
  readonly set: Readonly<Record<string, unknown>>;
  /** Variants that differ in the seed alone; `n` of them are measured. */
  readonly variants: readonly string[];
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation over the seeds; null with fewer than two. */
  readonly deviation: number | null;
  /** The answers' own interval, where there is one measurement only. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Means of all figures. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The name without its seed: `judo,seed=1` -> `judo`; of a sweep of seeds alone, `all`. */
function withoutSeed({ variant, seed }: Measured): string {
  if (seed === null) return variant;
  return (
    variant
      .split(',')
      .filter((word) => word !== `seed=${seed}`)
      .join(',') || 'all'
  );
}

/** The results, best first; what is not measured yet comes last, in the sweep's order. */
export function resultRows(measured: readonly Measured[], metric: NonNullable<SweepPlan['metric']>): ResultRow[] {
  const groups = new Map<string, Measured[]>();
  for (const one of measured) groups.set(withoutSeed(one), [...(groups.get(withoutSeed(one)) ?? []), one]);
  const rows = [...groups].map(([variant, members]): ResultRow => {
    const done = members.filter(({ figures }) => typeof figures?.[metric.figure] === 'number');
    const values = done.map(({ figures }) => figures![metric.figure]!);
    const names = [...new Set(done.flatMap(({ figures }) => Object.keys(figures!)))];
    return {
      variant,
      set: members[0]!.set,
      variants: members.map((member) => member.variant),
      n: values.length,
      mean: values.length === 0 ? null : mean(values),
      deviation: deviation(values),
      interval: done.length === 1 ? done[0]!.interval : null,
      figures: Object.fromEntries(names.map((name) => [name, mean(done.flatMap(({ figures }) => figures![name] ?? []))])),
    };
  });
  const sign = metric.best === 'highest' ? -1 : 1;
  const rank = (row: ResultRow) => (row.mean === null ? Infinity : sign * row.mean);
  return rows.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : String(Number(value.toFixed(4)));

/** The results as rows of a table for people. */
export function resultTable(rows: readonly ResultRow[], metric: NonNullable<SweepPlan['metric']>): string[][] {
  const head = ['VARIANT', `${metric.stage}.${metric.figure}`, '± SD', '95 %', 'SEEDS', ...otherFigures(rows, metric.figure)];
  return [
    head,
    ...rows.map((row) => [
      row.variant,
      figure(row.mean),
      figure(row.deviation),
      row.interval === null ? '-' : `${row.interval.low.toFixed(1)}-${row.interval.high.toFixed(1)}`,
      row.n === row.variants.length ? String(row.n) : `${row.n} of ${row.variants.length}`,
      ...otherFigures(rows, metric.figure).map((name) => figure(row.figures[name])),
    ]),
  ];
}

/** The results as CSV: every figure, a line a variant. */
export function resultCsv(rows: readonly ResultRow[], metric: NonNullable<SweepPlan['metric']>): string {
  const others = otherFigures(rows, metric.figure);
  const lines = rows.map((row) => [
    ...[row.variant, row.mean, row.deviation, row.interval?.low, row.interval?.high, row.n, row.variants.length],
    ...others.map((name) => row.figures[name]),
  ]);
  const head = [
    'variant',
    `${metric.stage}.${metric.figure}`,
    'deviation',
    'low95',
    'high95',
    'n',
    'seeds',
    ...others.map((name) => `mean ${name}`),
  ];
  return [head, ...lines].map((line) => `${line.map(csvCell).join(',')}\n`).join('');
}

const csvCell = (value: string | number | null | undefined): string => {
  const text = String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const otherFigures = (rows: readonly ResultRow[], metric: string): string[] =>
  [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))].filter((name) => name !== metric);
