import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publishedAverages } from '../../activities/evaluation/mmad-table.js';
import { scoreAnswers } from '../../activities/evaluation/scoring.js';
import { meanScore, wilsonScore } from '../../activities/evaluation/wilson.js';
import { SUBTASKS, type QuestionType, type ScoredAnswer } from '../../contracts/question.js';

let nextId = 0;
function answerOf(type: QuestionType, chosen: string | null, options: { defect?: string; dataset?: string } = {}): ScoredAnswer {
  const { defect = 'crack', dataset = 'PCB' } = options;
  return {
    id: String(nextId++),
    imageKey: `${dataset}/board/test/${defect}/1.png`,
    dataset,
    object: 'board',
    defect,
    type,
    answer: 'A',
    chosen,
    correct: chosen === 'A',
    text: chosen ?? '',
  };
}

describe('scoring', () => {
  test('detection is the mean of normal and abnormal accuracy, however many images there are of each', () => {
    const defects = Array.from({ length: 9 }, () => answerOf('Anomaly Detection', 'A'));
    const scores = scoreAnswers([...defects, answerOf('Anomaly Detection', 'B', { defect: 'good' })]);
    expect(scores.datasets['PCB']!.subtasks['Anomaly Detection']!.percent).toBe(50);
    expect(scores.micro!.percent).toBe(90);
  });

  test('an unreadable answer is wrong and counted, while the published scorer drops it and the row after it', () => {
    const answers = ['A', null, 'A', 'B'].map((chosen) => answerOf('Defect Analysis', chosen));
    const strict = scoreAnswers(answers);
    expect([strict.micro!.percent, strict.n, strict.unparseable, strict.dropped]).toEqual([50, 4, 1, 0]);
    const compat = scoreAnswers(answers, 'mmad_compat');
    expect([compat.micro!.right, compat.n, compat.unparseable, compat.dropped]).toEqual([1, 2, 1, 2]);
  });

  test('a subtask without questions is in no mean, while the published scorer counts it as 0', () => {
    const answers = [answerOf('Defect Analysis', 'A'), answerOf('Object Details', 'A', { dataset: 'VisA', defect: 'good' })];
    const strict = scoreAnswers(answers);
    expect(strict.datasets['PCB']!.subtasks['Object Analysis']).toBeNull();
    expect(strict.overall.average!.percent).toBe(100);
    expect(scoreAnswers(answers, 'mmad_compat').overall.average!.percent).toBe(50);
  });

  test('no answers give no score and no error', () => {
    expect(scoreAnswers([])).toMatchObject({ datasets: {}, micro: null, n: 0, overall: { average: null } });
  });

  test('the order of answers changes nothing in the strict profile', () => {
    const answer = fc.record({
      type: fc.constantFrom<QuestionType>('Anomaly Detection', 'Object Structure', 'Defect Analysis'),
      chosen: fc.constantFrom('A', 'B', 'E', null),
      defect: fc.constantFrom('good', 'crack'),
      dataset: fc.constantFrom('PCB', 'VisA'),
    });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 40 }), (list) => {
        const answers = list.map(({ type, chosen, ...rest }) => answerOf(type, chosen, rest));
        const [there, back] = [scoreAnswers(answers), scoreAnswers([...answers].reverse())];
        expect(back.micro).toEqual(there.micro);
        expect(back.overall.average?.percent ?? 0).toBeCloseTo(there.overall.average?.percent ?? 0, 9);
      }),
    );
  });

  test('every score lies in its interval, and the interval within 0 and 100', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 7 }), (counts) => {
        const mean = meanScore(counts.map(([right, wrong]) => wilsonScore(right, right + wrong)))!;
        expect(mean.low).toBeGreaterThanOrEqual(0);
        expect(mean.low).toBeLessThanOrEqual(mean.percent);
        expect(mean.high).toBeGreaterThanOrEqual(mean.percent);
        expect(mean.high).toBeLessThanOrEqual(100);
      }),
    );
  });

  test('the interval is Wilson’s', () => {
    // 8 of 10 at 95 %: 0.4901625, 0.9433178 (Newcombe 1998, method 3).
    const { low, high } = wilsonScore(8, 10);
    expect(low).toBeCloseTo(49.01625, 4);
    expect(high).toBeCloseTo(94.33178, 4);
    expect(meanScore([wilsonScore(8, 10)])!.low).toBeCloseTo(low, 9);
  });
});

const published = '../shared/data/mmad/published_results';

describe.skipIf(!existsSync(published))('MMAD’s published tables (skipped where ../shared/data is absent)', () => {
  const files = existsSync(published) ? readdirSync(published).filter((name) => name.endsWith('.csv')) : [];

  test('all 22 are there', () => expect(files).toHaveLength(22));

  test.each(files)('%s: averages are reproduced', (file) => {
    const { datasets, cell } = readTable(file);
    const averages = publishedAverages(
      SUBTASKS,
      Object.fromEntries(datasets.map((name) => [name, SUBTASKS.map((subtask) => cell(name, subtask))])),
    );
    for (const name of datasets) expect(averages.rowAverage[name]).toBeCloseTo(cell(name, 'Average'), 9);
    for (const subtask of SUBTASKS) expect(averages.typeAverage[subtask]).toBeCloseTo(cell('Average', subtask), 9);
    expect(averages.average).toBeCloseTo(cell('Average', 'Average'), 9);
  });

  test('answers rebuilt from the published Qwen2.5-VL-7B table score to its figures and to the known micro accuracy', () => {
    const table = readTable('answers_1_shot_Qwen2.5-VL-7B-Instruct_accuracy.csv');
    const counts = JSON.parse(readFileSync(join(published, 'counts_reconstructed.json'), 'utf8')) as Record<string, Counts>;
    const rebuilt = table.datasets.flatMap((dataset) =>
      SUBTASKS.flatMap((subtask) => {
        const n = counts[dataset]![subtask]!;
        if (typeof n === 'number') return answersWith(subtask, n, table.cell(dataset, subtask), { dataset });
        const recall = table.cell(dataset, 'Recall');
        const specificity = 2 * table.cell(dataset, subtask) - recall;
        return [
          ...answersWith(subtask, n.abnormal, recall, { dataset }),
          ...answersWith(subtask, n.normal, specificity, { dataset, defect: 'good' }),
        ];
      }),
    );
    expect(rebuilt).toHaveLength(39_672);
    for (const profile of ['strict', 'mmad_compat'] as const) {
      const scores = scoreAnswers(rebuilt, profile);
      expect(scores.micro!.percent).toBeCloseTo(71.93, 2);
      expect(scores.overall.average!.percent).toBeCloseTo(table.cell('Average', 'Average'), 9);
      for (const name of table.datasets) expect(scores.datasets[name]!.average!.percent).toBeCloseTo(table.cell(name, 'Average'), 9);
    }
  });
});

type Counts = Record<string, number | { abnormal: number; normal: number }>;

function answersWith(type: QuestionType, n: number, percent: number, options: { dataset: string; defect?: string }): ScoredAnswer[] {
  const right = Math.round((n * percent) / 100);
  return Array.from({ length: n }, (_, i) => answerOf(type, i < right ? 'A' : 'B', options));
}

function readTable(file: string) {
  const [head, ...lines] = readFileSync(join(published, file), 'utf8').trim().split(/\r?\n/);
  const columns = head!.split(',');
  const rows = Object.fromEntries(lines.map((line) => [line.split(',')[0]!, line.split(',')]));
  return {
    datasets: Object.keys(rows).filter((name) => name !== 'Average'),
    cell: (row: string, column: string) => Number(rows[row]![columns.indexOf(column)]),
  };
}
