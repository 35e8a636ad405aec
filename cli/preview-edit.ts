import { editOfPlan, stageLabel, type RunPlan } from '../activities/stage/plan-store.js';
import { walkRun } from '../activities/stage/plan-walk.js';
import { STAGE_KINDS } from '../contracts/stages/index.js';
import type { PlanEdit } from '../workflows/activity-types.js';
import { editPlan, withDependants } from '../workflows/core/edit-plan.js';
import type { Stores } from '../workers/stores.js';
import { CliError, EXIT } from './exit-codes.js';

/** What a change of a run's plan would do: which stages it makes stale, which stay done. Labels as in `judo show`. */
export interface EditPreview {
  /** Their key changes: they run again. */
  readonly stale: string[];
  /** They depend on a stale one: they run again where its output differs. */
  readonly maybe: string[];
  readonly stay: string[];
}

/** Tries an edit without filing anything. Throws `RecipeError` where it does not fit. */
export async function previewEdit(stores: Stores, plans: readonly RunPlan[], edit: PlanEdit): Promise<EditPreview> {
  const done = new Set((await walkRun(plans, stores.artifacts)).done.keys());
  const stale: string[] = [];
  const maybe: string[] = [];
  for (const { variant, plan } of plans) {
    const own = editOfPlan(edit, { variant, plan });
    if (own === null) continue;
    editPlan(plan, own, STAGE_KINDS);
    const changed = new Set([...(own.patch.length > 0 ? own.stages : []), ...own.force]);
    const below = new Set([...changed].flatMap((id) => withDependants(plan, id)).filter((id) => !changed.has(id)));
    stale.push(...[...changed].map((id) => stageLabel(variant, id)));
    maybe.push(...[...below].map((id) => stageLabel(variant, id)));
  }
  return { stale, maybe, stay: [...done].filter((label) => !stale.includes(label) && !maybe.includes(label)) };
}

/** The labels that `--force` and `--from` mean. `--from` takes what depends on the stage along, whatever its output. */
export function forcedLabels(plans: readonly RunPlan[], force: readonly string[], from: string | undefined): string[] {
  const known = plans.flatMap(({ variant, plan }) => plan.stages.map((stage) => ({ label: stageLabel(variant, stage.id), id: stage.id })));
  for (const word of [...force, ...(from === undefined ? [] : [from])]) {
    if (!known.some(({ label, id }) => label === word || id === word)) {
      const ids = [...new Set(known.map(({ id }) => id))].join(', ');
      throw new CliError(EXIT.usage, `this run has no stage "${word}"`, `Its stages: ${ids}`);
    }
  }
  const forced = known.filter(({ label, id }) => force.includes(label) || force.includes(id)).map(({ label }) => label);
  if (from === undefined) return forced;
  const below = plans.flatMap(({ variant, plan }) =>
    plan.stages
      .filter(({ id }) => id === from || stageLabel(variant, id) === from)
      .flatMap(({ id }) => withDependants(plan, id).map((dependant) => stageLabel(variant, dependant))),
  );
  return [...new Set([...forced, ...below])];
}

/** The preview in words. */
export function renderPreview({ stale, maybe, stay }: EditPreview): string {
  const line = (title: string, labels: readonly string[]) => (labels.length === 0 ? '' : `${title}: ${labels.join(', ')}\n`);
  return line('runs again', stale) + line('runs again if what it reads changed', maybe) + line('stays done', stay);
}
