import { SUBTASKS, type ScoredAnswer, type Subtask } from '../../contracts/question.js';
import { subtaskOf } from './questions.js';
import { meanScore, wilsonScore, type Score } from './wilson.js';

/** `strict`: unreadable = wrong, and counted. `mmad_compat`: dropped, and the row after it is skipped (SPEC 7). */
export type ScoreProfile = 'strict' | 'mmad_compat';

/** Scores of one dataset, or of the benchmark. A subtask without questions is null and in no mean. */
export interface SubtaskScores {
  readonly subtasks: Readonly<Record<Subtask, Score | null>>;
  /** Plain mean of the subtasks. */
  readonly average: Score | null;
}

/** Intervals are 95 %, and take answers as independent: questions of one image are not quite. */
export interface BenchmarkScores {
  readonly profile: ScoreProfile;
  readonly datasets: Readonly<Record<string, SubtaskScores>>;
  /** Plain mean over datasets, column by column. */
  readonly overall: SubtaskScores;
  /** Right / all, over every counted answer. */
  readonly micro: Score | null;
  readonly unparseable: number;
  /** Answers counted. */
  readonly n: number;
  /** Answers that `mmad_compat` left out. */
  readonly dropped: number;
}

/** One answer as the scorer sees it. `column` is its subtask. */
export interface ScoreRow {
  readonly dataset: string;
  readonly column: string;
  readonly isNormal: boolean;
  readonly answer: string;
  readonly chosen: string | null;
}

/** Scores a model's answers, given in the order of evaluation (the order matters to `mmad_compat` only). */
export function scoreAnswers(answers: readonly ScoredAnswer[], profile: ScoreProfile = 'strict'): BenchmarkScores {
  const rows = answers.map((answer) => toRow(answer, profile));
  const counted = countedRows(rows, profile);
  const names = [...new Set(rows.map((row) => row.dataset))];
  const datasets = Object.fromEntries(
    names.map((name) => [name, subtaskScores((subtask) => columnScore(counted, name, subtask, profile), profile, rows)]),
  );
  const overall = subtaskScores(
    (subtask) => meanScore(names.map((name) => datasets[name]!.subtasks[subtask]).filter(isScore)),
    profile,
    rows,
  );
  return {
    profile,
    datasets,
    overall: { ...overall, average: meanScore(names.map((name) => datasets[name]!.average).filter(isScore)) },
    micro: counted.length === 0 ? null : wilsonScore(counted.filter(isRight).length, counted.length),
    unparseable: rows.filter((row) => !isReadable(row)).length,
    n: counted.length,
    dropped: rows.length - counted.length,
  };
}

function toRow(answer: ScoredAnswer, profile: ScoreProfile): ScoreRow {
  return {
    dataset: answer.dataset,
    column: subtaskOf(answer.type),
    isNormal: profile === 'strict' ? answer.defect === 'good' : answer.imageKey.includes('good'),
    answer: answer.answer,
    chosen: answer.chosen,
  };
}

function subtaskScores(score: (subtask: Subtask) => Score | null, profile: ScoreProfile, rows: readonly ScoreRow[]): SubtaskScores {
  const asked = new Set(rows.map((row) => row.column));
  const subtasks = Object.fromEntries(
    SUBTASKS.map((subtask) => [subtask, score(subtask) ?? (profile === 'mmad_compat' && asked.has(subtask) ? ABSENT_IN_MMAD : null)]),
  ) as Record<Subtask, Score | null>;
  return { subtasks, average: meanScore(Object.values(subtasks).filter(isScore)) };
}

/** The published scorer gives 0 to a subtask that a dataset has no question of. */
const ABSENT_IN_MMAD: Score = { percent: 0, low: 0, high: 0, right: 0, n: 0 };

const isScore = (score: Score | null | undefined): score is Score => score != null;
const isRight = (row: ScoreRow) => row.chosen === row.answer;
const isLetter = (letter: string | null) => letter !== null && /^[A-E]$/.test(letter);
const isReadable = (row: ScoreRow) => isLetter(row.chosen) && isLetter(row.answer);

/** The rows that count. The published scorer removes an unreadable row from the list it walks, and so misses the next one. */
export function countedRows(rows: readonly ScoreRow[], profile: ScoreProfile): ScoreRow[] {
  if (profile === 'strict') return [...rows];
  const counted: ScoreRow[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (isReadable(rows[i]!)) counted.push(rows[i]!);
    else i++;
  }
  return counted;
}

/** Accuracy of a column. Detection is the mean of normal and abnormal accuracy; with one of them only, that one (MMAD: half of it). */
function columnScore(counted: readonly ScoreRow[], dataset: string, column: string, profile: ScoreProfile): Score | null {
  const rows = counted.filter((row) => row.dataset === dataset && row.column === column);
  if (rows.length === 0) return null;
  const groups = column === 'Anomaly Detection' ? [rows.filter((row) => row.isNormal), rows.filter((row) => !row.isNormal)] : [rows];
  const scores = groups.map((group) => (group.length > 0 ? wilsonScore(group.filter(isRight).length, group.length) : null));
  return meanScore(profile === 'mmad_compat' ? scores.map((score) => score ?? ABSENT_IN_MMAD) : scores.filter(isScore));
}
