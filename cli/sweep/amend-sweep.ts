import type { SweepPlan } from '../../contracts/plan.js';
import { nearest } from '../../workflows/core/nearest.js';
import { staticIdentities } from '../../workflows/core/static-identity.js';
import { amendPlanUpdate, runQuery, runWorkflowId } from '../../workflows/messages.js';
import { CliError, EXIT } from '../exit-codes.js';
import { filedStatus } from '../run-view.js';
import { sendOrder } from '../send-order.js';
import type { Session } from '../session.js';
import { signature } from '../signature.js';
import { openSweep } from './open-sweep.js';
import { fileVariants } from './run-sweep.js';
import { sweepPlanOf } from './sweep-view.js';

/** `judo sweep add`: variants of a file that the running sweep has not. Returns their names. */
export async function addVariants(
  session: Session,
  run: string,
  file: string,
  options: { data?: string; reason?: string },
): Promise<string[]> {
  const { plan, command } = await openSweep(file, options);
  const { from, sweep } = await liveSweep(session, run, `Run it as a sweep of its own, what is done stays done: ${command}`);
  const { artifacts, plans } = await session.stores();
  const known = new Map(sweep.variants.map((variant) => [variant.name, variant.plan]));
  const planned = await plan(artifacts, 'save');
  for (const { name, plan: now } of planned) {
    const before = known.get(name);
    if (before !== undefined && identityOf(now) !== identityOf(await plans.load(before)))
      process.stderr.write(`${name} is in the sweep with other stages than in ${file}: left as it is\n`);
  }
  const added = planned.filter(({ name }) => !known.has(name));
  if (added.length === 0) throw new CliError(EXIT.usage, `run ${run} has every variant of ${file} already`, `judo sweep show ${run}`);
  await amend(session, run, from, { ...sweep, variants: [...sweep.variants, ...(await fileVariants(plans, added))] }, options.reason);
  return added.map(({ name }) => name);
}

const identityOf = (plan: Parameters<typeof staticIdentities>[0]): string => JSON.stringify([...staticIdentities(plan)]);

/** The variant that somebody means, of a sweep that goes on. */
export async function findVariant(session: Session, run: string, variant: string): Promise<void> {
  const { sweep } = await liveSweep(session, run);
  const names = sweep.variants.map(({ name }) => name);
  if (!names.includes(variant)) {
    const near = nearest(variant, names);
    const hint =
      near === undefined
        ? `; its variants: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`
        : `; did you mean "${near}"?`;
    throw new CliError(EXIT.notFound, `run ${run} has no variant "${variant}"${hint}`, `judo sweep show ${run}`);
  }
  if (names.length === 1) throw new CliError(EXIT.usage, `${variant} is the only variant of run ${run}`, `End the run: judo cancel ${run}`);
}

/** `judo sweep cancel`: drops a variant. Stages that others need go on; those of nobody else checkpoint and end. */
export async function dropVariant(session: Session, run: string, variant: string, reason: string | undefined): Promise<void> {
  const { from, sweep } = await liveSweep(session, run);
  await amend(session, run, from, { ...sweep, variants: sweep.variants.filter(({ name }) => name !== variant) }, reason);
}

/** The plan that a sweep's run follows. One that has ended, which Temporal may have forgotten, is refused. */
async function liveSweep(
  session: Session,
  run: string,
  remedy = `Run it again, what is done stays done: judo restart ${run}`,
): Promise<{ from: string; sweep: SweepPlan }> {
  const filed = await filedStatus(session, run);
  const hasEnded = filed !== null && filed.finishedAt !== null;
  const { plan, state, finishedAt } = hasEnded
    ? filed
    : await (await session.temporal()).workflow.getHandle(runWorkflowId(run)).query(runQuery);
  const sweep = await sweepPlanOf(session, run, plan);
  if (finishedAt !== null) throw new CliError(EXIT.usage, `run ${run} has ended (${state})`, remedy);
  return { from: plan, sweep };
}

/** Replaces the run's plan, unless somebody else has meanwhile. */
async function amend(session: Session, run: string, from: string, next: SweepPlan, reason: string | undefined): Promise<void> {
  const { plans } = await session.stores();
  await sendOrder(await session.temporal(), run, amendPlanUpdate, { from, plan: await plans.file(next), ...signature(reason) });
}
