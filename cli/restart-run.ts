import { isDeepStrictEqual } from 'node:util';
import { isSweep } from '../activities/stage/plan-store.js';
import type { Plan, SweepPlan } from '../contracts/plan.js';
import { STAGE_KINDS } from '../contracts/stages/index.js';
import { priorities } from '../temporal.config.js';
import { atDeployedVersions, editPlan } from '../workflows/core/edit-plan.js';
import type { RestartOptions } from './commands/restart.js';
import { CliError, EXIT } from './exit-codes.js';
import { checkRunName, findRun } from './find-run.js';
import { forcedLabels, previewEdit, renderPreview } from './preview-edit.js';
import { readPatches } from './read-patches.js';
import { announceRun } from './run-recipe.js';
import { filedStatus } from './run-view.js';
import type { Session } from './session.js';
import { newRunName, startRun } from './start-run.js';
import { announceSweep, sweepPriority } from './sweep/run-sweep.js';

/** A new run of an earlier one's plan, on its terms, from its record alone: Temporal may have forgotten it. Resolves to the exit code. */
export async function restartRun(session: Session, word: string, options: RestartOptions): Promise<number> {
  if (options.name !== undefined) checkRunName(options.name);
  const stores = await session.stores();
  const run = await findRun(session, word);
  const filed = await filedStatus(session, run);
  if (filed === null)
    throw new CliError(EXIT.notFound, `there is no record of run "${run}" in ${stores.objects.description}`, 'judo runs lists them.');
  const startedAt = new Date();
  const plan = await changedPlan(session, filed.plan, options, startedAt.toISOString());
  const priority = isSweep(plan) ? sweepPriority(plan) : priorities.interactive;
  const next = options.name ?? newRunName(filed.planName, startedAt);
  const { limits, keepGoing } = filed;
  await startRun(session, { run: next, plan, limits, keepGoing, summary: `${filed.planName}: restart of ${run}`, priority });
  return isSweep(plan) ? announceSweep(session, next, plan, options) : announceRun(session, next, options);
}

/** The earlier run's plan with the changes of the command line; says what they make stale. */
async function changedPlan(session: Session, digest: string, options: RestartOptions, nonce: string): Promise<Plan | SweepPlan> {
  const stores = await session.stores();
  const plans = await stores.plans.loadAll(digest);
  // Planned for the code that is deployed now: what it makes otherwise than before runs again.
  const deployed = await stores.plans.change(digest, ({ plan }) => atDeployedVersions(plan, STAGE_KINDS));
  const whole = await stores.plans.read(deployed);
  const force = forcedLabels(plans, options.force, options.from);
  const patch = readPatches(options.set);
  if (isSweep(whole)) {
    if (patch.length + force.length === 0) return whole;
    throw new CliError(EXIT.usage, 'a sweep is restarted as it is', 'Change its file, and run it again: equal stages stay done.');
  }
  const all = whole.stages.map((stage) => stage.id);
  const plan = editPlan(whole, { stages: all, patch, force, nonce }, STAGE_KINDS);
  const changed = plan.stages.filter((stage, index) => !isDeepStrictEqual(stage, plans[0]?.plan.stages[index])).map((stage) => stage.id);
  const preview = await previewEdit(stores, plans, { stages: [], patch: [], force: changed, nonce });
  process.stderr.write(renderPreview(preview));
  return plan;
}
