import { PUBLISHED_BASE, PUBLISHED_QUESTIONS } from '../../activities/report/published-results.js';
import { SUBTASKS } from '../../contracts/question.js';
import type { Figure, ReportSummary, ResultRow } from '../../contracts/report-summary.js';

const HEADS = ['AnomDisc', 'DefCls', 'DefLoc', 'DefDesc', 'DefAna', 'ObjCls', 'ObjAna', 'Average', '95 %', 'n'];
/** The published rows that a run is read against: the paper's base model and its result. */
const BESIDE = [PUBLISHED_BASE, 'JUDO'];

/** The results as aligned plain text, for the end of a run: each policy on all images, then without trained ones, then the paper's rows. */
export function renderResultsTable(summary: ReportSummary): string {
  if (summary.results.length === 0) return 'No evaluation has finished: there is no results table yet.\n';
  const ours = summary.results.map((row) => [label(row), ...cells(row)]);
  const published = summary.published
    .filter((row) => BESIDE.includes(row.name))
    .map((row) => [
      `${row.name} (published)`,
      ...SUBTASKS.map((subtask) => row.columns[subtask].toFixed(2)),
      row.average.toFixed(2),
      '',
      String(PUBLISHED_QUESTIONS),
    ]);
  const lines = align([['accuracy, percent', ...HEADS], ...ours, ...published]);
  lines.splice(1, 0, '-'.repeat(lines[0]!.length));
  const notes =
    summary.standIns.length > 0
      ? [`Not the real thing: ${summary.standIns.join(', ')}. These figures show that the pipeline works, nothing else.`]
      : [];
  return [...lines, ...notes, ''].join('\n');
}

const label = (row: ResultRow): string => `${row.policy}${row.images === 'untrained' ? ', untrained images' : ''}`;

function cells(row: ResultRow): string[] {
  const interval = row.average === null ? '' : `${row.average.low.toFixed(1)}-${row.average.high.toFixed(1)}`;
  return [...SUBTASKS.map((subtask) => figure(row.columns[subtask])), figure(row.average), interval, String(row.questions)];
}

const figure = (score: Figure): string => (score === null ? '-' : score.percent.toFixed(2));

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
