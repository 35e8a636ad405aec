import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatherReport, type ReportSources } from '../../activities/report/gather-report.js';
import type { ReportInput } from '../../activities/report/report-input.js';
import { MOST_REPORT_BYTES, renderReport } from '../../activities/report/render-report.js';
import { createWriteReport } from '../../activities/report/write-report.js';
import { scoreAnswers } from '../../activities/evaluation/scoring.js';
import { ReportSummary } from '../../contracts/report-summary.js';
import { SUBTASKS } from '../../contracts/question.js';
import { renderResultsTable } from '../../cli/render/results-table.js';
import { createHost, standInJobs } from '../training/training-host.js';
import { codec, drawBenchmark, exampleRun } from './example-run.js';

let folder: string;
let sources: ReportSources;
let input: ReportInput;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  sources = await exampleRun(join(folder, 'run'), await drawBenchmark(join(folder, 'data')));
  input = await gatherReport(sources, codec);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the page', () => {
  test('is one file that asks for nothing: no script, no link, no address, a policy that would refuse them', () => {
    const { html } = renderReport(input);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<script|<link|<iframe|<object|<form|\son\w+=|javascript:/i);
    expect(
      [...html.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/gi)]
        .map((match) => match[1]!.slice(0, 16))
        .filter((value) => !/^(data:image\/webp|#predicted)/.test(value)),
    ).toEqual([]);
    expect(html).not.toMatch(/https?:\/\//);
  });

  test('is well formed: every element that is opened is closed', () => {
    expect(unclosed(renderReport(input).html)).toEqual([]);
  });

  test('shows what a model wrote as text, whatever it wrote', () => {
    const evil = `</p><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u0000`;
    const answers = input.evaluations.at(-1)!.answers;
    const spoiled: ReportInput = {
      ...input,
      command: evil,
      evaluations: [{ ...input.evaluations[0]!, policy: evil, answers: answers.map((answer) => ({ ...answer, dataset: evil })) }],
      gallery: input.gallery.map((item) => ({
        ...item,
        imageKey: evil,
        question: evil,
        answer: evil,
        chosen: evil,
        reasoning: evil,
        golden: { text: evil, letter: evil },
      })),
      missing: [evil],
    };
    const { html } = renderReport(spoiled);
    expect(html).not.toMatch(/<script|<img/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('\u0000');
    expect(unclosed(html)).toEqual([]);
  });

  test('says at the very top what stood in for the real thing, and says nothing where nothing did', () => {
    const { html } = renderReport(input);
    const body = html.slice(html.indexOf('<body>'));
    expect(body.indexOf('class="stand-in"')).toBeLessThan(body.indexOf('<header>'));
    expect(body).toContain('Rehearsal teacher');
    expect(body).toContain('Tiny model');
    const real: ReportInput = {
      ...input,
      plan: {
        ...input.plan,
        sources: { ...input.plan.sources, model: { ...input.plan.sources.model, tiny: false } },
        stages: input.plan.stages.map((stage) => ({ ...stage, params: { ...stage.params, teacherModel: 'gpt-4o' } })),
      },
      stages: input.stages.map((stage) => ({ ...stage, record: stage.record === null ? null : { ...stage.record, standIns: [] } })),
    };
    expect(renderReport(real).html).not.toContain('class="stand-in"');
  });

  test('leaves out the pictures that would make it larger than 2 MB, and says how many', () => {
    const big = Buffer.alloc(300_000, 7);
    const heavy = {
      ...input,
      gallery: Array.from({ length: 12 }, () => ({ ...input.gallery[0]!, picture: { data: big, width: 320, height: 320 } })),
    };
    const { html } = renderReport(heavy);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(MOST_REPORT_BYTES);
    expect(html).toMatch(/\d+ more pictures were left out/);
  });

  test('is the same bytes for the same run', async () => {
    expect(renderReport(await gatherReport(sources, codec))).toEqual(renderReport(input));
  });
});

describe('the figures', () => {
  test('are the scorer’s, on all images and without those that training saw', () => {
    const { summary, html } = renderReport(input);
    for (const evaluation of input.evaluations) {
      const untrained = evaluation.answers.filter((answer) => !input.trainedImages!.has(answer.imageKey));
      for (const [images, answers] of [
        ['all', evaluation.answers],
        ['untrained', untrained],
      ] as const) {
        const scores = scoreAnswers(answers, 'strict');
        const row = summary.results.find((one) => one.stage === evaluation.stage && one.images === images)!;
        expect(row.average).toEqual(scores.overall.average);
        for (const subtask of SUBTASKS) {
          expect(row.columns[subtask]).toEqual(scores.overall.subtasks[subtask]);
          if (scores.overall.subtasks[subtask] !== null) expect(html).toContain(scores.overall.subtasks[subtask].percent.toFixed(2));
        }
      }
    }
  });

  test('stand in the summary, the CSV, the Markdown and the terminal alike', () => {
    const { summary, csv, md } = renderReport(input);
    expect(ReportSummary.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    const last = summary.results.filter((row) => row.images === 'all').at(-1)!;
    const average = last.average!.percent;
    expect(md).toContain(average.toFixed(2));
    expect(csv).toContain(String(Number(average.toFixed(6))));
    expect(renderResultsTable(summary)).toContain(average.toFixed(2));
    const widths = csv
      .trimEnd()
      .split('\r\n')
      .map((line) => line.replace(/"[^"]*"/g, '').split(',').length);
    expect(new Set(widths).size).toBe(1);
  });

  test('are not repeated without trained images where training saw none', () => {
    const { summary } = renderReport({ ...input, trainedImages: new Set() });
    expect(summary.results.map((row) => row.images)).toEqual(['all', 'all']);
  });
});

test('the curves are those of the very file that the training activity writes', async () => {
  const host = await createHost({ root: folder, name: 'host' });
  const { outputDirs, findings } = await host.attempt(standInJobs());
  const folders = { ...sources.folders, 'seg-jux.metrics': outputDirs.metrics };
  const gathered = await gatherReport({ ...sources, folders }, codec);
  const points = gathered.trainings.find(({ stage }) => stage === 'seg-jux')!.points;
  expect(points).toHaveLength(findings.summary['steps'] as number);
  expect(points.at(-1)!.metrics['loss']).toBe(findings.summary['loss']);
  const { html } = renderReport(gathered);
  expect(html).toMatch(/Loss of seg-jux: loss from [\d.]+ to [\d.]+ over 12 points/);
  expect(html).not.toContain('No metrics were filed');
});

describe('what is missing', () => {
  test('is said: answers, metrics, rows and pictures that are not there', async () => {
    const { html, summary } = renderReport(await gatherReport({ ...sources, records: [], folders: {}, state: 'running' }, codec));
    expect(summary.missing).toHaveLength(7);
    expect(html).toContain('No evaluation has finished');
    expect(html).toContain('No training stage has finished');
    expect(html).toContain('Stage grpo has filed no metrics: its curves are missing.');
    expect(html).toContain('There are no pictures to show');
    expect(renderResultsTable(summary)).toContain('No evaluation has finished');
  });

  test('does not hide a failure: the remedy comes first, then what failed, the command and the log', async () => {
    const failure = {
      type: 'OutOfGpuMemory' as const,
      message: 'grpo ran out of GPU memory at step 3',
      remedy: 'Lower runtime.deviceBatch.grpo',
      logTail: 'CUDA out of memory',
    };
    const failed = {
      stage: 'grpo',
      kind: 'grpo',
      key: null,
      outcome: 'failed' as const,
      attempts: 3,
      startedAt: null,
      finishedAt: null,
      artifacts: {},
      failure,
    };
    const records = sources.records.filter((record) => !['grpo', 'mmad-eval'].includes(record.stage));
    const { html } = renderReport(await gatherReport({ ...sources, records, statuses: [failed], state: 'failed' }, codec));
    const order = [
      'Lower runtime.deviceBatch.grpo',
      'grpo ran out of GPU memory at step 3',
      `judo retry ${sources.run} grpo`,
      'CUDA out of memory',
    ].map((text) => html.indexOf(text));
    expect(order.every((place) => place > 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(html).toContain('failed</span>');
  });

  test('a picture that cannot be read costs its own card only', async () => {
    const broken = {
      ...codec,
      decodeRgb: async (file: string) => (file.includes('ring') ? Promise.reject(new Error('truncated')) : codec.decodeRgb(file)),
    };
    const { gallery, missing } = await gatherReport(sources, broken);
    expect(gallery.length).toBeGreaterThan(0);
    expect(missing.some((line) => line.includes('truncated'))).toBe(true);
  });
});

test('the stage writes the page and its three companions, and says what stood in', async () => {
  const output = await mkdtemp(join(folder, 'out-'));
  const stage = sources.plan.stages.find((one) => one.kind === 'report')!;
  const findings = await createWriteReport({ codec })({
    task: { key: '0'.repeat(64), stage: stage.id, kind: stage.kind, plan: '0'.repeat(64), run: sources.run },
    stage,
    plan: sources.plan,
    inputDirs: { ...sources.folders, data: sources.dataRoot! },
    inputDigests: {},
    outputDirs: { report: output },
    inputRecords: sources.records,
    attempt: 1,
    firstAttemptAt: new Date(0),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect((await readdir(output)).sort()).toEqual(['report.html', 'summary.json', 'table.csv', 'table.md']);
  expect(findings.standIns).toEqual(['rehearsal-teacher', 'tiny-model']);
  expect(findings.summary).toMatchObject({ pictures: 12, missing: 0 });
});

/** Elements whose end does not match: a small check of nesting for our own markup. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name, selfClosed] of html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)\b(?:"[^"]*"|[^">])*?(\/?)>/gi)) {
    if (selfClosed === '/' || ['meta', 'br'].includes(name!)) continue;
    if (slash !== '/') open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}
