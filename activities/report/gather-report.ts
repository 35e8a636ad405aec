import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { StageError } from '../../contracts/failure.js';
import type { Plan, PlanStage } from '../../contracts/plan.js';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import { ScoredAnswer } from '../../contracts/question.js';
import type { StageRecord } from '../../contracts/record.js';
import { GrpoRow } from '../../contracts/rows.js';
import type { RunState, StageStatus } from '../../contracts/run.js';
import { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import { readMmad } from '../datasets/mmad-dataset.js';
import { METRICS_FILE, StepMetrics } from '../training/metrics.js';
import { gatherGallery } from './gather-gallery.js';
import type { Evaluation, GalleryItem, ReportInput, Training } from './report-input.js';

/** Where a report finds what it shows. Of a run that is not done, folders and records are those of the stages that are. */
export interface ReportSources {
  readonly plan: Plan;
  readonly run: string;
  readonly state: RunState;
  readonly command: string;
  readonly records: readonly StageRecord[];
  /** Of a run that is being asked; empty where the report stage itself writes. */
  readonly statuses: readonly StageStatus[];
  /** `<stage>.<output>` -> folder. */
  readonly folders: Readonly<Record<string, string>>;
  /** The dataset, for the gallery; null leaves the gallery out. */
  readonly dataRoot: string | null;
  readonly galleryImages: number;
}

/** Reads everything that a report shows. What is not there is named in `missing`, never an error. */
export async function gatherReport(sources: ReportSources, codec: ImageCodec): Promise<ReportInput> {
  const { plan, records, statuses } = sources;
  const missing: string[] = [];
  const evaluations = await readEvaluations(sources, missing);
  const trainings = await readTrainings(sources, missing);
  const trainedImages = await readTrainedImages(sources, missing);
  const gallery = await readGallery(sources, evaluations, trainedImages, codec, missing);
  return {
    plan,
    run: sources.run,
    state: sources.state,
    command: sources.command,
    stages: plan.stages.map(({ id }) => ({
      id,
      record: records.find((record) => record.stage === id) ?? null,
      status: statuses.find((status) => status.stage === id) ?? null,
    })),
    evaluations,
    trainings,
    trainedImages,
    gallery,
    missing,
  };
}

const stagesOf = (plan: Plan, output: string): PlanStage[] => plan.stages.filter((stage) => stage.outputs.includes(output));

/** The base model first, whatever its place in the recipe. */
async function readEvaluations({ plan, folders }: ReportSources, missing: string[]): Promise<Evaluation[]> {
  const evaluations: (Evaluation & { isBase: boolean })[] = [];
  for (const stage of stagesOf(plan, 'answers')) {
    const answers = await readLines(folders[`${stage.id}.answers`], 'answers.jsonl', ScoredAnswer);
    if (answers === null) missing.push(`Stage ${stage.id} has filed no answers: its row is missing from the results.`);
    else
      evaluations.push({
        stage: stage.id,
        ...policyOf(stage, plan),
        scoreProfile: MmadEvalParams.parse(stage.params).scoreProfile,
        answers,
      });
  }
  return evaluations.sort((a, b) => Number(b.isBase) - Number(a.isBase)).map(({ isBase: _, ...evaluation }) => evaluation);
}

function policyOf(stage: PlanStage, plan: Plan): { policy: string; isBase: boolean } {
  const source = stage.inputs['policy'];
  if (source?.from === 'stage') return { policy: `After ${source.stage}`, isBase: false };
  return { policy: `Base model (${plan.sources.model.name})`, isBase: true };
}

async function readTrainings({ plan, folders }: ReportSources, missing: string[]): Promise<Training[]> {
  const trainings: Training[] = [];
  for (const stage of stagesOf(plan, 'metrics')) {
    const lines = await readLines(folders[`${stage.id}.metrics`], METRICS_FILE, StepMetrics);
    if (lines === null) missing.push(`Stage ${stage.id} has filed no metrics: its curves are missing.`);
    else trainings.push({ stage: stage.id, kind: stage.kind, points: lines });
  }
  return trainings;
}

const RowImage = z.looseObject({ imageKey: z.string().nullable() });

/** The benchmark images in the rows of every data stage; null as soon as one stage's rows are not there to be read. */
async function readTrainedImages({ plan, folders }: ReportSources, missing: string[]): Promise<Set<string> | null> {
  const images = new Set<string>();
  for (const stage of stagesOf(plan, 'rows')) {
    const rows = await readLines(folders[`${stage.id}.rows`], 'rows.jsonl', RowImage);
    if (rows === null) {
      missing.push(
        `Stage ${stage.id} has filed no rows: which images training saw is not known, and the results without them are missing.`,
      );
      return null;
    }
    for (const { imageKey } of rows) if (imageKey !== null) images.add(imageKey);
  }
  return images;
}

async function readGallery(
  sources: ReportSources,
  evaluations: readonly Evaluation[],
  trained: Set<string> | null,
  codec: ImageCodec,
  missing: string[],
): Promise<GalleryItem[]> {
  const evaluation = evaluations.at(-1);
  const stage = sources.plan.stages.find((one) => one.id === evaluation?.stage);
  if (evaluation === undefined || stage === undefined || sources.galleryImages === 0) return [];
  if (sources.dataRoot === null) {
    missing.push('The dataset is not on this machine: the gallery is missing.');
    return [];
  }
  const golden = await readGolden(sources);
  const params = MmadEvalParams.parse(stage.params);
  try {
    const dataset = await readMmad(sources.dataRoot);
    const gallery = await gatherGallery(
      { evaluation, params, dataset, golden, trainedImages: trained ?? new Set(), count: sources.galleryImages },
      codec,
    );
    missing.push(...gallery.missing);
    return gallery.items;
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    missing.push(`The gallery is missing: ${error.message}.`);
    return [];
  }
}

async function readGolden({ plan, folders }: ReportSources): Promise<GrpoRow[]> {
  const stages = plan.stages.filter((stage) => stage.kind === 'golden-reasoning');
  const rows = await Promise.all(stages.map((stage) => readLines(folders[`${stage.id}.rows`], 'rows.jsonl', GrpoRow)));
  return rows.flatMap((list) => list ?? []);
}

/** The lines of a JSON-lines file, each checked; null when the folder or the file is not there. */
async function readLines<T>(folder: string | undefined, name: string, schema: z.ZodType<T>): Promise<T[] | null> {
  if (folder === undefined) return null;
  const file = join(folder, name);
  if (!(await stat(file).catch(() => null))?.isFile()) return null;
  const rows: T[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() !== '') rows.push(readLine(line, schema, `${file}:${number}`));
  }
  return rows;
}

function readLine<T>(line: string, schema: z.ZodType<T>, place: string): T {
  const fail = (detail: string) =>
    new StageError({
      type: 'DatasetCorrupt',
      message: `${place}: ${detail}`,
      remedy: 'Run the stage that wrote this file again with --force',
    });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw fail(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  return parsed.data;
}
