import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import type { Plan, PlanStage } from '../../contracts/plan.js';
import type { StageRecord } from '../../contracts/record.js';
import { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import { cellsToText } from '../../activities/datasets/grid.js';
import { readMmad, type MmadDataset } from '../../activities/datasets/mmad-dataset.js';
import { seededRandom } from '../../activities/datasets/seeded-random.js';
import { trueCells } from '../../activities/datasets/true-cells.js';
import { buildEvaluation } from '../../activities/evaluation/build-evaluation.js';
import { readAnswers } from '../../activities/evaluation/evaluate-mmad.js';
import type { ReportSources } from '../../activities/report/gather-report.js';
import { METRICS_FILE, metricsText, type StepMetrics } from '../../activities/training/metrics.js';
import { readRecipe } from '../../workflows/core/read-recipe.js';
import { resolvePlan } from '../../workflows/core/resolve-plan.js';

const RECIPE = new URL('../../recipes/judo-tiny.yaml', import.meta.url);
const RUN = 'judo-tiny-20261121-1405';
const digest = (text: string): string => Buffer.from(text.padEnd(32, '.')).toString('hex').slice(0, 64);
export const codec = createSharpCodec();

/** What a finished run of the whole recipe leaves behind, on a given dataset: folders as the stages write them, and records. */
export async function exampleRun(folder: string, dataRoot: string, sets: readonly string[] = []): Promise<ReportSources> {
  const plan = await examplePlan(dataRoot, sets);
  const dataset = await readMmad(dataRoot);
  const folders = Object.fromEntries(
    plan.stages.flatMap((stage) => stage.outputs.map((output) => [`${stage.id}.${output}`, join(folder, stage.id, output)])),
  );
  for (const stage of plan.stages) await writeOutputs(stage, dataset, (output) => folders[`${stage.id}.${output}`]!);
  const records = plan.stages.filter((stage) => stage.kind !== 'report').map((stage, index) => exampleRecord(stage, index));
  return {
    plan,
    run: RUN,
    state: 'completed',
    command: 'judo run recipes/judo-tiny.yaml --data ../shared/data/pcb-mini',
    records,
    statuses: [],
    folders,
    dataRoot,
    galleryImages: 12,
  };
}

export async function examplePlan(dataRoot: string, sets: readonly string[] = []): Promise<Plan> {
  const { recipe } = readRecipe(await readFile(RECIPE, 'utf8'), 'judo-tiny.yaml', sets);
  const artifact = (name: string) => ({ digest: digest(name), files: 370, bytes: 18_400_000 });
  const sources: Plan['sources'] = {
    data: { artifact: artifact('data'), root: dataRoot, demoPlant: false },
    model: { artifact: artifact('model'), name: recipe.model, tiny: recipe.model === 'tiny' },
  };
  return resolvePlan(recipe, sources, STAGE_KINDS, {
    name: 'judo-tiny',
    command: 'judo run recipes/judo-tiny.yaml --data ../shared/data/pcb-mini',
  });
}

/** A benchmark in the MMAD layout: two products, a defect each and normals; 12 images of 96 by 64 pixels with a bright square where the defect is. */
export async function drawBenchmark(root: string): Promise<string> {
  const entries: Record<string, unknown> = {};
  for (const object of ['plate', 'ring']) {
    for (const defect of ['scratch', 'good']) {
      for (let index = 0; index < 3; index++) {
        const name = `test/${defect}/00${index}.png`;
        const mask = `mask/${defect}/00${index}.png`;
        const isDefect = defect !== 'good';
        await drawSquare(join(root, 'Shop', object, name), 8 + index * 24, isDefect ? 3 : 0);
        if (isDefect) await drawSquare(join(root, 'Shop', object, mask), 8 + index * 24, 1);
        entries[`Shop/${object}/${name}`] = {
          image_path: name,
          mask_path: isDefect ? mask : null,
          conversation: questionsOf(isDefect),
          similar_templates: [`Shop/${object}/train/good/0.png`],
          random_templates: [`Shop/${object}/train/good/0.png`],
        };
      }
    }
    await drawSquare(join(root, 'Shop', object, 'train/good/0.png'), 0, 0);
  }
  await writeFile(join(root, 'mmad.json'), JSON.stringify(entries));
  const snippets = { scratch: 'Scratches are bright lines.', good: 'An even surface.' };
  await writeFile(join(root, 'domain_knowledge.json'), JSON.stringify({ Shop: { plate: snippets, ring: snippets } }));
  return root;
}

const four = (right: string): Record<string, string> => ({ A: right, B: 'Something else.', C: 'Nothing.', D: 'It cannot be told.' });

function questionsOf(isDefect: boolean): object[] {
  const detection = {
    Question: 'Is there any defect in the object?',
    Answer: isDefect ? 'A' : 'B',
    Options: { A: 'Yes.', B: 'No.' },
    type: 'Anomaly Detection',
  };
  const types = isDefect
    ? ['Defect Classification', 'Defect Localization', 'Defect Description', 'Defect Analysis']
    : ['Object Classification', 'Object Structure', 'Object Details', 'Object Analysis'];
  return [
    detection,
    ...types.map((type) => ({
      Question: `What is true of the ${type.toLowerCase()}?`,
      Answer: 'A',
      Options: four(`The right one of ${type}.`),
      type,
    })),
  ];
}

/** A grey picture with a square of 16 pixels at (left, 16): none, a bright one, or as a mask. */
async function drawSquare(file: string, left: number, level: 0 | 1 | 3): Promise<void> {
  const [width, height] = [96, 64];
  const data = new Uint8Array(width * height * 3).fill(level === 1 ? 0 : 90);
  for (let y = 16; y < 32; y++)
    for (let x = left; x < left + 16; x++) if (level > 0) data.fill(230, (y * width + x) * 3, (y * width + x) * 3 + 3);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await codec.encodePng({ width, height, channels: 3, data }));
}

async function writeOutputs(stage: PlanStage, dataset: MmadDataset, folderOf: (output: string) => string): Promise<void> {
  for (const output of stage.outputs) await mkdir(folderOf(output), { recursive: true });
  if (stage.outputs.includes('rows')) await writeLines(join(folderOf('rows'), 'rows.jsonl'), exampleRows(stage, dataset));
  if (stage.outputs.includes('metrics')) await writeFile(join(folderOf('metrics'), METRICS_FILE), metricsText(exampleMetrics(stage)));
  if (stage.outputs.includes('answers')) await writeLines(join(folderOf('answers'), 'answers.jsonl'), await exampleAnswers(stage, dataset));
}

const writeLines = (file: string, rows: readonly object[]): Promise<void> =>
  writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

function exampleRows(stage: PlanStage, dataset: MmadDataset): object[] {
  const trained = dataset.images.filter((_, index) => index % 6 === 0);
  if (stage.kind === 'dom-inj-data') return [{ id: 'q', imageKey: null, images: ['x.png'], prompt: 'p', completion: 'c' }];
  return trained.flatMap((image) =>
    image.questions.map((question, index) => ({
      id: `${image.key}#${index}`,
      imageKey: image.key,
      images: [image.key],
      prompt: question.text,
      type: question.type,
      options: question.options,
      solution: question.answer,
      golden: `The first image differs from the second in the marked region, where the surface is broken: ${question.options[question.answer]} Therefore the answer is ${question.answer}.`,
      cells: [],
    })),
  );
}

function exampleMetrics(stage: PlanStage): StepMetrics[] {
  const random = seededRandom(1, stage.id);
  const noisy = (value: number, noise: number) => Number((value + noise * random.normal()).toFixed(4));
  if (stage.kind !== 'grpo') {
    return Array.from({ length: 420 }, (_, step) => ({
      step: step + 1,
      metrics: {
        loss: noisy(0.4 + 2.2 * Math.exp(-step / 90), 0.06),
        lr: 1e-6,
        grad_norm: noisy(1, 0.2),
        token_accuracy: noisy(0.9 - 0.5 * Math.exp(-step / 80), 0.01),
      },
    }));
  }
  return Array.from({ length: 64 }, (_, step) => {
    const rise = 1 - Math.exp(-step / 25);
    const parts = {
      choice: noisy(0.45 + 0.3 * rise, 0.05),
      format: noisy(0.2 * rise, 0.01),
      structure: noisy(0.3 + 0.4 * rise, 0.05),
      segmentation: noisy(0.2 + 0.4 * rise, 0.04),
      domain: noisy(0.05 + 0.02 * rise, 0.004),
    };
    const means = Object.fromEntries(Object.entries(parts).map(([name, value]) => [`rewards/${name}`, value]));
    return {
      step: step + 1,
      metrics: {
        loss: noisy(0.002 * rise, 0.0005),
        reward: Object.values(parts).reduce((a, b) => a + b, 0),
        ...means,
        kl: noisy(0.05 * rise, 0.004),
        completion_length: noisy(120 - 20 * rise, 4),
      },
    };
  });
}

async function exampleAnswers(stage: PlanStage, dataset: MmadDataset): Promise<object[]> {
  const params = MmadEvalParams.parse(stage.params);
  const { asked } = buildEvaluation(dataset, params);
  const isBase = stage.inputs['policy']?.from === 'artifact';
  const cells = new Map(
    await Promise.all(dataset.images.map(async (image) => [image.key, await trueCells(dataset, image, codec, params)] as const)),
  );
  const answers = asked.map((one) => {
    const random = seededRandom(2, stage.id, one.id);
    const others = Object.keys(one.options).filter((letter) => letter !== one.answer);
    const letter = random.next() < (isBase ? 0.45 : 0.72) ? one.answer : random.pick(others);
    if (random.next() < 0.03) return { id: one.id, text: 'I cannot say', tokens: 3 };
    if (isBase) return { id: one.id, text: letter, tokens: 1 };
    const named = cells
      .get(one.imageKey)!
      .filter(() => random.next() < 0.7)
      .map(([row, column]) => [row, Math.min(16, column + (random.next() < 0.3 ? 1 : 0))] as [number, number]);
    const think = `Compared with the normal image, the query shows ${named.length === 0 ? 'no visible difference; edges and spacing agree' : `a change of contour in ${named.length} cells, with a sharp edge that the normal one lacks`}. This fits "${one.options[letter]}"`;
    return { id: one.id, text: `<seg> ${cellsToText(named)} </seg>\n<think> ${think} </think>\n<answer>${letter}</answer>`, tokens: 90 };
  });
  return readAnswers(asked, answers, params.promptProfile);
}

/** The segmentation set was made by an earlier run; everything else ran one stage after the other. */
function exampleRecord(stage: PlanStage, index: number): StageRecord {
  const start = Date.parse('2026-11-21T14:05:00Z') + index * 95_000;
  const asksTeacher = stage.queue === 'teacher';
  return {
    schemaVersion: 1,
    key: digest(stage.id),
    stage: stage.id,
    kind: stage.kind,
    implementationVersion: 1,
    params: stage.params,
    inputs: {},
    outputs: {},
    summary: asksTeacher ? { rows: 112, refused: 0 } : stage.queue === 'gpu' ? { steps: 16, finalLoss: 0.412 } : {},
    standIns: asksTeacher ? ['rehearsal-teacher'] : ['tiny-model'],
    ...(asksTeacher
      ? {
          teacher: {
            model: 'rehearsal',
            paidCalls: 112,
            filedCalls: 14,
            inputTokens: 81_220,
            outputTokens: 9_340,
            usd: null,
            refused: 0,
            truncated: 0,
          },
        }
      : {}),
    run: stage.id === 'seg-jux-data' ? 'judo-tiny-20261120-0300' : RUN,
    startedAt: new Date(start).toISOString(),
    finishedAt: new Date(start + 24_000 + index * 8_000).toISOString(),
    attempts: stage.id === 'grpo' ? 2 : 1,
    environment: { node: 'v20.20.2', ...(stage.queue === 'gpu' ? { python: '3.11.2', torch: '2.13.0', device: 'cpu' } : {}) },
  };
}
