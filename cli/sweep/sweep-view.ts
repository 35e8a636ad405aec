import { isSweep, splitLabel, stageLabel } from '../../activities/stage/plan-store.js';
import type { SweepPlan } from '../../contracts/plan.js';
import { Figure } from '../../contracts/report-summary.js';
import type { RunStatus, StageStatus } from '../../contracts/run.js';
import type { StageRecord } from '../../contracts/record.js';
import { CliError, EXIT } from '../exit-codes.js';
import { runStatus } from '../run-view.js';
import type { Session } from '../session.js';
import { resultRows, type Measured, type ResultRow } from './sweep-results.js';

/** A stage of a variant, as it stands. */
export interface SweepCell extends Omit<StageStatus, 'stage'> {
  readonly variant: string;
  readonly stage: string;
}

/** A sweep's run as people see it. */
export interface SweepView {
  readonly status: RunStatus;
  readonly sweep: SweepPlan;
  readonly cells: readonly SweepCell[];
  /** null where the sweep measures nothing. */
  readonly results: readonly ResultRow[] | null;
}

/** Where a sweep's run stands, from its workflow and the record store. Fails for a run that is no sweep. */
export async function sweepView(session: Session, run: string): Promise<SweepView> {
  const status = await runStatus(session, run);
  const sweep = await sweepPlanOf(session, run, status.plan);
  const cells = cellsOf(sweep, status);
  return { status, sweep, cells, results: sweep.metric === undefined ? null : await results(session, sweep, sweep.metric, cells) };
}

/** The plan of a sweep's run. */
export async function sweepPlanOf(session: Session, run: string, digest: string): Promise<SweepPlan> {
  const plan = await (await session.stores()).plans.read(digest);
  if (isSweep(plan)) return plan;
  throw new CliError(EXIT.usage, `run ${run} is the run of one recipe, not a sweep`, `judo show ${run}`);
}

function cellsOf(sweep: SweepPlan, status: RunStatus): SweepCell[] {
  const names = new Set(sweep.variants.map(({ name }) => name));
  return status.stages.flatMap((one) => {
    const { variant, id: stage } = splitLabel(one.stage);
    return variant !== null && names.has(variant) ? [{ ...one, variant, stage }] : [];
  });
}

async function results(session: Session, sweep: SweepPlan, metric: NonNullable<SweepPlan['metric']>, cells: readonly SweepCell[]) {
  const { artifacts } = await session.stores();
  const measuring = new Map(cells.filter(({ stage }) => stage === metric.stage).map((cell) => [cell.variant, cell]));
  const measured = await Promise.all(
    sweep.variants.map(async ({ name: variant, set, seed }): Promise<Measured> => {
      const cell = measuring.get(variant);
      const isDone = cell?.outcome === 'ran' || cell?.outcome === 'reused';
      const record = isDone && cell.key !== null ? await artifacts.record(cell.key) : null;
      if (record === null) return { variant, set, seed, figures: null, interval: null };
      return { variant, set, seed, figures: figuresOf(record), interval: await intervalOf(session, record, metric.figure) };
    }),
  );
  return resultRows(measured, metric);
}

const figuresOf = ({ summary }: StageRecord): Record<string, number> =>
  Object.fromEntries(Object.entries(summary).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])));

/** An evaluation's own 95 % interval of its average, from its scores. */
async function intervalOf(session: Session, { kind, outputs }: StageRecord, figure: string): Promise<Measured['interval']> {
  const answers = outputs['answers'];
  if (kind !== 'mmad-eval' || figure !== 'average' || answers === undefined) return null;
  const { artifacts } = await session.stores();
  const scores = JSON.parse((await artifacts.readFile(answers.digest, 'scores.json')).toString('utf8')) as {
    overall?: { average?: unknown };
  };
  const average = Figure.safeParse(scores.overall?.average ?? null);
  return average.success && average.data !== null ? { low: average.data.low, high: average.data.high } : null;
}

/** The document that `judo sweep show` and `run` print with `-o json`. */
export function sweepDocument({ status, sweep, cells, results: rows }: SweepView) {
  return {
    ...{ schemaVersion: 1, run: status.run, sweep: sweep.name, state: status.state, paused: status.paused, metric: sweep.metric ?? null },
    variants: sweep.variants.map(({ name, set, seed }) => ({ name, set, seed })),
    stages: cells.map(({ variant, stage, key, outcome, attempts, artifacts, failure }) => ({
      ...{ variant, stage, label: stageLabel(variant, stage), key, outcome, attempts, artifacts },
      ...(failure === null ? {} : { failure }),
    })),
    results: rows ?? [],
    decisions: status.decisions,
  };
}
