import { z } from 'zod';
import {
  cellsToText,
  gridEdges,
  GRID,
  maskToCells,
  parseCells,
  segTarget,
  type GridRule,
  type MaskRaster,
} from '../../activities/datasets/grid.js';
import { findLetter, readAnomalyR1, readIadR1, readJudoEval, readMmad } from '../../activities/evaluation/answers.js';
import { accuracyTable, publishedAverages } from '../../activities/evaluation/mmad-table.js';
import { readMmadPath } from '../../activities/evaluation/paths.js';
import { questionText, scoredColumn } from '../../activities/evaluation/questions.js';
import { MmadQuestion } from '../../contracts/question.js';
import type { ConformanceCase } from './case-file.js';
import type { Outcome } from './outcome.js';
import { maskOf, nearestResize } from './synthetic-mask.js';

type Profiles = Readonly<Record<string, (input: unknown) => unknown>>;

/** A suite whose profiles differ in one argument. */
function suite<S extends z.ZodType, P>(
  schema: S,
  profiles: Record<string, P>,
  call: (input: z.output<S>, profile: P) => unknown,
): Profiles {
  return Object.fromEntries(
    Object.entries(profiles).map(([name, profile]) => [name, (input: unknown) => call(schema.parse(input), profile)]),
  );
}

const Cells = z.array(z.tuple([z.int(), z.int()]));
const Options = z.record(z.string(), z.string());
const grid = z.int().positive().default(GRID);

const segEncode = z.object({ cells: Cells, separator: z.string().optional() });
const segParse = z.object({ completion: z.string(), grid });
const gridLength = z.object({ length: z.int().nonnegative(), grid });
const mask = z.object({
  height: z.int().positive(),
  width: z.int().positive(),
  rects_yxhw: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])),
  grid,
  coverage: z.union([z.number(), z.literal('any')]).optional(),
  fallback_any_pixel: z.boolean().optional(),
  resize: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]).nullish(),
});

/** The default of both published programs' launch scripts. */
const PUBLISHED_COVERAGE = 0.02;

function cellsOf(input: z.output<typeof mask>, rule: { coverage: number; fallback: boolean }) {
  const coverage = input.coverage ?? rule.coverage;
  const gridRule: GridRule = {
    coverageThreshold: coverage === 'any' ? 0 : coverage,
    fallbackAnyPixel: input.fallback_any_pixel ?? rule.fallback,
    grid: input.grid,
  };
  const drawn: MaskRaster = maskOf(input.height, input.width, input.rects_yxhw);
  if (input.resize == null) return maskToCells(drawn, gridRule);
  const [height, width] = typeof input.resize === 'number' ? [input.resize, input.resize] : input.resize;
  return maskToCells(nearestResize(drawn, height, width), gridRule);
}

const AnswerRecord = z.object({
  image: z.string(),
  question_type: z.string(),
  gpt_answer: z.string().nullable(),
  correct_answer: z.string(),
});

const SUITES: Readonly<Record<string, Profiles>> = {
  seg_encode: suite(segEncode, { judo_code: ' , ', judo_paper: ', ', strict: ' , ' }, (input, separator) =>
    cellsToText(input.cells, input.separator ?? separator),
  ),
  seg_target: suite(
    z.object({ seg: z.string(), think: z.string().nullable(), is_normal: z.boolean().optional() }),
    { judo_code: null, strict: null },
    (input) => segTarget(input.seg, input.think),
  ),
  seg_parse: suite(segParse, { judo_code: 'judo_code', strict: 'strict' } as const, (input, profile) => {
    const cells = parseCells(input.completion, profile, input.grid);
    return cells ? { valid: true, cells } : { valid: false };
  }),
  mask_to_cells: suite(
    mask,
    {
      judo_code_grpo: { coverage: PUBLISHED_COVERAGE, fallback: false },
      judo_code: { coverage: PUBLISHED_COVERAGE, fallback: false },
      judo_code_stage1: { coverage: PUBLISHED_COVERAGE, fallback: true },
      strict: { coverage: PUBLISHED_COVERAGE, fallback: true },
      judo_paper: { coverage: 0, fallback: false },
    },
    cellsOf,
  ),
  grid_edges: suite(gridLength, { judo_code: null, judo_paper: null, strict: null }, (input) => gridEdges(input.length, input.grid)),
  extract_choice: suite(z.object({ text: z.string().nullable() }), { strict: null }, (input) => findLetter(input.text ?? '')),
  anomalyr1_eval_parse: suite(
    z.object({ answer_text: z.string().nullable(), options: Options }),
    { anomalyr1_code: null },
    // X is how the program writes "unparseable".
    (input) => readAnomalyR1(input.answer_text ?? '', input.options) ?? 'X',
  ),
  iadr1_eval_parse: suite(
    z.object({ response: z.string().nullable(), options: Options }),
    { iad_r1_code: null },
    // E is how the program writes "unparseable".
    (input) => readIadR1(input.response ?? '', input.options) ?? 'E',
  ),
  judo_eval_parse: suite(z.object({ decoded: z.string() }), { judo_code: null }, (input) => readJudoEval(input.decoded) ?? 'X'),
  mmad_parse: suite(z.object({ response: z.string(), options: Options.nullish() }), { mmad_code: null }, (input) =>
    readMmad(input.response, input.options ?? null),
  ),
  mmad_question_text: suite(z.object({ qa: MmadQuestion, index: z.int().nonnegative() }), { mmad_code: null }, (input) =>
    questionText(input.qa, input.index),
  ),
  mmad_path: suite(
    z.object({ key: z.string(), mask_path: z.string().nullish() }),
    { mmad_code: 'mmad_code', strict: 'strict' } as const,
    (input, profile) => {
      const path = readMmadPath(input.key, input.mask_path ?? null, profile);
      const { dataset, knowledgeDataset, object, defect, mask: maskFile, isNormal } = path;
      return { dataset, knowledge_dataset: knowledgeDataset, object, defect, mask: maskFile, is_normal: isNormal };
    },
  ),
  mmad_aggregate: suite(
    z.object({ records: z.array(AnswerRecord), show_overkill_miss: z.boolean().default(false) }),
    { mmad_code: 'mmad_compat', mmad_compat: 'mmad_compat', strict: 'strict' } as const,
    (input, profile) => {
      const rows = input.records.map((record) => ({
        dataset: record.image.split('/')[0]!,
        column: scoredColumn(record.question_type),
        isNormal: record.image.includes('good'),
        answer: record.correct_answer,
        chosen: record.gpt_answer,
      }));
      return accuracyTable(rows, profile, input.show_overkill_miss);
    },
  ),
  mmad_published: suite(
    z.object({ types: z.array(z.string()), rows: z.record(z.string(), z.array(z.number())) }),
    { mmad_published: null },
    (input) => {
      const { rowAverage, typeAverage, average } = publishedAverages(input.types, input.rows);
      return { row_average: rowAverage, type_average: typeAverage, average };
    },
  ),
};

/** Runs a case through the TypeScript functions. */
export function runTypeScript({ suite: name, profile, input }: ConformanceCase): Outcome {
  const profiles = Object.hasOwn(SUITES, name) ? SUITES[name]! : null;
  if (!profiles) return { unknown: 'suite' };
  const call = Object.hasOwn(profiles, profile) ? profiles[profile]! : null;
  if (!call) return { unknown: 'profile' };
  try {
    return { got: call(input) };
  } catch (error) {
    return { error: error instanceof z.ZodError ? z.prettifyError(error) : String(error) };
  }
}
