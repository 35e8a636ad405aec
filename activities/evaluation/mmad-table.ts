import { countedRows, type ScoreProfile, type ScoreRow } from './scoring.js';

/** Row name -> column name -> percent; the last row and a column are called `Average`. */
export type AccuracyTable = Record<string, Record<string, number>>;

const DETECTION = 'Anomaly Detection';
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const accuracy = (rows: readonly ScoreRow[]) =>
  rows.length === 0 ? 0 : rows.filter((row) => row.chosen === row.answer).length / rows.length;

/**
 * MMAD's published accuracy table: the columns are the subtasks that occur anywhere, and a dataset without a question
 * of one gets 0 there. `overkillMiss` adds the share of normals called defective and of defects missed.
 */
export function accuracyTable(rows: readonly ScoreRow[], profile: ScoreProfile, overkillMiss = false): AccuracyTable {
  const counted = countedRows(rows, profile);
  const columns = [...new Set(rows.map((row) => row.column))];
  const table: AccuracyTable = {};
  for (const dataset of new Set(rows.map((row) => row.dataset))) {
    const own = counted.filter((row) => row.dataset === dataset);
    const detection = own.filter((row) => row.column === DETECTION);
    const normal = accuracy(detection.filter((row) => row.isNormal));
    const abnormal = accuracy(detection.filter((row) => !row.isNormal));
    const line = Object.fromEntries(
      columns.map((name) => [
        name,
        100 * (name === DETECTION ? (normal + abnormal) / 2 : accuracy(own.filter((row) => row.column === name))),
      ]),
    );
    const average = { Average: mean(Object.values(line)) };
    table[dataset] = { ...line, ...average, ...(overkillMiss ? { Overkill: (1 - normal) * 100, Miss: (1 - abnormal) * 100 } : {}) };
  }
  const lines = Object.values(table);
  if (lines.length > 0)
    table['Average'] = Object.fromEntries(Object.keys(lines[0]!).map((name) => [name, mean(lines.map((l) => l[name]!))]));
  return table;
}

/** Averages of a published table: a dataset's is the mean of its subtasks, the overall row the mean over datasets. */
export function publishedAverages(types: readonly string[], rows: Readonly<Record<string, readonly number[]>>) {
  const lines = Object.entries(rows);
  for (const [name, values] of lines) {
    if (values.length !== types.length) throw new RangeError(`row "${name}" has ${values.length} values for ${types.length} subtasks`);
  }
  const rowAverage = Object.fromEntries(lines.map(([name, values]) => [name, mean(values)]));
  return {
    rowAverage,
    typeAverage: Object.fromEntries(types.map((type, i) => [type, mean(lines.map(([, values]) => values[i]!))])),
    average: mean(Object.values(rowAverage)),
  };
}
