import { SUBTASKS } from '../../contracts/question.js';
import type { Figure, ReportSummary } from '../../contracts/report-summary.js';

const COLUMNS = [...SUBTASKS, 'Average'] as const;

/** `table.csv` (RFC 4180): a line a policy, set of images and dataset, full precision, with n and interval of each column. */
export function tableCsv(summary: ReportSummary): string {
  const head = [
    'source',
    'policy',
    'images',
    'dataset',
    'questions',
    'unparseable',
    ...COLUMNS.flatMap((c) => [c, `${c} low`, `${c} high`, `${c} n`]),
    'micro',
  ];
  const ours = summary.results.flatMap((row) => [
    [row.stage, row.policy, row.images, 'all', row.questions, row.unparseable, ...figures(row), precise(row.micro?.percent)],
    ...row.datasets.map((one) => [row.stage, row.policy, row.images, one.dataset, one.questions, '', ...figures(one), '']),
  ]);
  const published = summary.published.map((row) => [
    'published',
    row.name,
    'all',
    'all',
    '',
    '',
    ...SUBTASKS.flatMap((s) => [row.columns[s], '', '', '']),
    row.average,
    '',
    '',
    '',
    '',
  ]);
  return [head, ...ours, ...published].map((line) => line.map(csvField).join(',') + '\r\n').join('');
}

/** `table.md`: the main table, to paste into a pull request. */
export function tableMarkdown(summary: ReportSummary): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
  const rows = [
    ['Accuracy, percent', ...COLUMNS, '95 % of average', 'n'],
    ['---', ...COLUMNS.map(() => '---:'), '---:', '---:'],
    ...summary.results.map((row) => [
      `**${row.policy}**${row.images === 'untrained' ? ', images not trained on' : ''}`,
      ...SUBTASKS.map((subtask) => shown(row.columns[subtask])),
      shown(row.average),
      row.average === null ? '–' : `${row.average.low.toFixed(1)}–${row.average.high.toFixed(1)}`,
      String(row.questions),
    ]),
    ...summary.published.map((row) => [
      `${row.name} (published)`,
      ...SUBTASKS.map((subtask) => row.columns[subtask].toFixed(2)),
      row.average.toFixed(2),
      '',
      '',
    ]),
  ];
  const warning =
    summary.standIns.length === 0
      ? ''
      : `> Not the real thing: ${summary.standIns.join(', ')}. Do not compare these figures with published ones.\n\n`;
  return `${warning}${rows.map(line).join('\n')}\n`;
}

type Columns = Pick<ReportSummary['results'][number], 'columns' | 'average'>;

const figures = ({ columns, average }: Columns) =>
  [...SUBTASKS.map((subtask) => columns[subtask]), average].flatMap((score) => [
    precise(score?.percent),
    precise(score?.low),
    precise(score?.high),
    score?.n ?? 0,
  ]);
const precise = (percent: number | undefined): string => (percent === undefined ? '' : String(Number(percent.toFixed(6))));
const shown = (score: Figure): string => (score === null ? '–' : score.percent.toFixed(2));

/** A spreadsheet runs a cell that begins like a formula: a quote keeps names that come from data harmless. */
function csvField(value: string | number): string {
  const text = typeof value === 'string' && /^[=+@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
