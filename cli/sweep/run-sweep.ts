import type { SweepPlan } from '../../contracts/plan.js';
import { priorities } from '../../temporal.config.js';
import type { PlanStore } from '../../activities/stage/plan-store.js';
import { EXIT } from '../exit-codes.js';
import { checkRunName } from '../find-run.js';
import type { Session } from '../session.js';
import { newRunName, startRun } from '../start-run.js';
import { followSweep } from './follow-sweep.js';
import { openSweep, type PlannedVariant } from './open-sweep.js';
import { countLine, estimateLine, forecastSweep } from './plan-sweep.js';

export interface RunSweepOptions {
  readonly data?: string;
  readonly name?: string;
  readonly detach?: boolean;
  readonly parallel?: number;
  readonly output?: string;
  readonly progress?: boolean;
}

/** `judo sweep run`: validates the whole grid, files every plan, starts one run of them all, follows it. Resolves to the exit code. */
export async function runSweep(session: Session, file: string, options: RunSweepOptions): Promise<number> {
  const startedAt = new Date();
  const { name, sweep, metric, command, plan } = await openSweep(file, options);
  const run = options.name ?? newRunName(name, startedAt);
  checkRunName(run);
  const { artifacts, plans } = await session.stores();
  await session.temporal();
  const planned = await plan(artifacts, 'save');
  const forecast = await forecastSweep(session, planned);
  process.stderr.write(`${countLine(forecast)}\n${estimateLine(forecast)}\n`);
  const whole: SweepPlan = {
    ...{ schemaVersion: 1, name, command, variants: await fileVariants(plans, planned) },
    ...(metric === undefined ? {} : { metric }),
  };
  await startRun(session, {
    ...{ run, plan: whole, keepGoing: sweep.keepGoing },
    limits: { ...sweep.limits, ...(options.parallel === undefined ? {} : { parallel: options.parallel }) },
    summary: `${name}: ${planned.length} variants, ${forecast.unique} stages`,
    priority: sweepPriority(whole),
  });
  return announceSweep(session, run, whole, options);
}

/** Sweeps take turns by their name, however many stages each has. */
export const sweepPriority = ({ name }: SweepPlan) => ({ ...priorities.sweep, fairnessKey: name });

/** Prints the name of a sweep's run and follows it, unless it was to be left alone. Resolves to the exit code. */
export async function announceSweep(
  session: Session,
  run: string,
  { name }: SweepPlan,
  options: Pick<RunSweepOptions, 'detach' | 'output' | 'progress'>,
): Promise<number> {
  if (options.output !== 'json') process.stdout.write(`${run}\n`);
  if (options.detach !== true) return followSweep(session, run, options);
  process.stderr.write(`see it: judo sweep show ${run}\n`);
  if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, run, sweep: name, state: 'running' })}\n`);
  return EXIT.ok;
}

/** Files the variants' plans; equal ones are filed once. */
export async function fileVariants(plans: PlanStore, planned: readonly PlannedVariant[]): Promise<SweepPlan['variants']> {
  const variants: SweepPlan['variants'] = [];
  for (const { plan, ...variant } of planned) variants.push({ ...variant, plan: await plans.file(plan) });
  return variants;
}
