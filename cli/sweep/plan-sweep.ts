import { stageLabel } from '../../activities/stage/plan-store.js';
import { walkRun } from '../../activities/stage/plan-walk.js';
import { estimator, type Estimate } from '../../workflows/core/estimate.js';
import { outlineSweep, type OutlineCell, type SweepOutline } from '../../workflows/core/static-identity.js';
import { columns, duration, painter } from '../render/terminal.js';
import type { Session } from '../session.js';
import { grid } from './grid.js';
import { openSweep, type OpenSweep, type PlannedVariant } from './open-sweep.js';

export interface SweepForecast extends SweepOutline {
  /** Sum over the unique stages that will run, of those whose kind has run before. `usd` is null where a price is not known. */
  readonly estimate: Omit<Estimate, 'from'>;
  /** Kinds of stages that will run and have never run: nothing is estimated for them. */
  readonly unknown: readonly string[];
}

/** What a sweep would run now, from the record store alone. */
export async function forecastSweep(session: Session, planned: readonly PlannedVariant[]): Promise<SweepForecast> {
  const { artifacts } = await session.stores();
  const records = await artifacts.snapshotRecords();
  const walk = await walkRun(
    // Nothing is started from a forecast: its plans are not filed, and need no digest.
    planned.map(({ name, plan }) => ({ variant: name, digest: name, plan })),
    records,
  );
  const outline = outlineSweep(planned, (variant, stage) => walk.done.has(stageLabel(variant, stage)));
  const coming = outline.cells.filter(({ state }) => state === 'will-run');
  const estimateOf = estimator(coming.length === 0 ? [] : await records.recent());
  const plans = new Map(planned.map(({ name, plan }) => [name, plan]));
  const estimates = coming.map(({ variant, stage, kind }) => {
    const plan = plans.get(variant)!;
    const isGpu = plan.stages.find(({ id }) => id === stage)!.queue === 'gpu';
    return { kind, estimate: estimateOf(kind, isGpu ? plan.runtime.gpus : 0) };
  });
  return {
    ...outline,
    estimate: sumOf(estimates.flatMap(({ estimate }) => (estimate === null ? [] : [estimate]))),
    unknown: [...new Set(estimates.flatMap(({ kind, estimate }) => (estimate === null ? [kind] : [])))],
  };
}

const sumOf = (all: readonly Estimate[]): SweepForecast['estimate'] => ({
  seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
  gpuHours: all.reduce((sum, { gpuHours }) => sum + gpuHours, 0),
  usd: all.reduce<number | null>((sum, { usd }) => (sum === null || usd === null ? null : sum + usd), 0),
});

/** `46 stage runs, 27 unique, 3 already done`. */
export const countLine = ({ stages, unique, done }: SweepOutline): string => `${stages} stage runs, ${unique} unique, ${done} already done`;

/** What the stages that will run will take, in words. */
export function estimateLine({ estimate, unknown, unique, done }: SweepForecast): string {
  if (unique === done) return 'Everything is done: a run would execute no stage.';
  const untold = unknown.length === 0 ? '' : `; nothing of the kind has run yet: ${unknown.join(', ')}`;
  if (estimate.seconds === 0) return `no estimate${untold}`;
  const money = estimate.usd === null ? 'dollars unknown' : `$${estimate.usd.toFixed(2)}`;
  return `about ${duration(estimate.seconds * 1000)} one stage after another, ${estimate.gpuHours.toFixed(2)} GPU hours, ${money}${untold}`;
}

const WORDS = { done: 'done', 'will-run': 'will run', shared: 'shared' } as const;
const STYLES = { done: 'green', 'will-run': 'yellow', shared: 'dim' } as const;

/** `judo sweep plan`: a line a variant, a column a stage, then the counts. */
export async function planSweep(session: Session, file: string, options: { data?: string; output?: string }): Promise<void> {
  const open = await openSweep(file, options);
  const { artifacts } = await session.stores();
  const forecast = await forecastSweep(session, await open.plan(artifacts, 'digest'));
  process.stdout.write(options.output === 'json' ? `${JSON.stringify(document(open, forecast))}\n` : render(forecast, process.stdout));
}

function document({ name, variants, metric, command }: OpenSweep, { stages, unique, done, estimate, unknown, cells }: SweepForecast) {
  const shown = ({ variant, stage, kind, identity, state }: OutlineCell) => ({ variant, stage, kind, identity, state });
  return {
    ...{ schemaVersion: 1, sweep: name, command, metric: metric ?? null, counts: { stages, unique, done, willRun: unique - done } },
    ...{
      estimate: { ...estimate, unknown },
      variants: variants.map((variant) => ({ name: variant.name, set: variant.set, seed: variant.seed })),
    },
    stages: cells.map(shown),
  };
}

function render(forecast: SweepForecast, stream: NodeJS.WriteStream): string {
  const paint = painter(stream);
  const table = grid(forecast.cells, ({ state }) => paint(STYLES[state], WORDS[state]));
  return `${columns(table)}\n\n${countLine(forecast)}\n${estimateLine(forecast)}\n`;
}
