import type { Plan, PlanStage } from '../../contracts/plan.js';
import type { ParamPatch } from '../../contracts/run.js';
import type { StageKind } from '../../contracts/stages/stage-kind.js';
import { didYouMean } from './nearest.js';
import { RecipeError, type RecipeProblem } from './recipe-error.js';

type Kinds = Readonly<Record<string, StageKind>>;

/** A stage as far as a patch needs it. */
interface Target {
  readonly id: string;
  readonly kind: string;
}

/**
 * Which of the stages each patch changes: the one that its path names (`grpo.beta`), or every one that reads it (`seed`).
 * Throws `RecipeError` for a parameter that none of them reads, or a value that one of them refuses. Pure: a validator's too.
 */
export function assignPatches(
  stages: readonly Target[],
  patches: readonly ParamPatch[],
  kinds: Kinds,
): { stage: string; keys: string[]; value: unknown }[] {
  const problems: RecipeProblem[] = [];
  const assigned = patches.flatMap(({ path, value }) => {
    const words = path.split('.');
    const named = stages.filter((stage) => stage.id === words[0]);
    const keys = named.length > 0 ? words.slice(1) : words;
    const readers = (named.length > 0 ? named : stages).filter((stage) => keys[0] !== undefined && keys[0] in shapeOf(stage, kinds));
    if (readers.length === 0) {
      const known = stages.flatMap((stage) => Object.keys(shapeOf(stage, kinds)));
      const who = stages.map((stage) => stage.id).join(', ');
      problems.push({ path: [path], message: `no such parameter of ${who}${didYouMean(keys[0] ?? '', known)}` });
    }
    for (const reader of readers) {
      const refused = refusal(kinds[reader.kind]!, keys, value);
      if (refused !== null) problems.push({ path: [path], message: `${reader.id} refuses ${JSON.stringify(value)}: ${refused}` });
    }
    return readers.map((reader) => ({ stage: reader.id, keys, value }));
  });
  if (problems.length > 0) throw new RecipeError(problems);
  return assigned;
}

const shapeOf = (stage: Target, kinds: Kinds): object => kinds[stage.kind]?.params.shape ?? {};

/** Why the kind does not take this value here; null when it does. Every field has a default, so one value can be tried alone. */
function refusal(kind: StageKind, keys: readonly string[], value: unknown): string | null {
  const tried = kind.params.safeParse(withValue(kind.params.parse({}), keys, value));
  return tried.success ? null : tried.error.issues.map((issue) => issue.message).join('; ');
}

function withValue(params: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const object = params !== null && typeof params === 'object' ? (params as Record<string, unknown>) : {};
  return { ...object, [key]: withValue(object[key], rest, value) };
}

/**
 * The plan with some stages' parameters changed and some stages forced. Only their keys, and those of what depends on them where
 * their outputs change, are new. Throws `RecipeError`.
 */
export function editPlan(
  plan: Plan,
  edit: { stages: readonly string[]; patch: readonly ParamPatch[]; force: readonly string[]; nonce: string },
  kinds: Kinds,
): Plan {
  const ids = plan.stages.map((stage) => stage.id);
  const unknown = [...edit.stages, ...edit.force].filter((id) => !ids.includes(id));
  if (unknown.length > 0) {
    throw new RecipeError(unknown.map((id) => ({ path: [id], message: `the plan has no such stage${didYouMean(id, ids)}` })));
  }
  const assigned = assignPatches(
    plan.stages.filter((stage) => edit.stages.includes(stage.id)),
    edit.patch,
    kinds,
  );
  const stages = plan.stages.map((stage): PlanStage => {
    const params = assigned
      .filter((change) => change.stage === stage.id)
      .reduce<unknown>((changed, { keys, value }) => withValue(changed, keys, value), stage.params) as PlanStage['params'];
    return { ...stage, params, ...(edit.force.includes(stage.id) ? { force: edit.nonce } : {}) };
  });
  const words = assigned.map(({ stage, keys, value }) => ` -s ${stage}.${keys.join('.')}=${JSON.stringify(value)}`);
  return { ...plan, command: plan.command + words.join(''), stages };
}

/**
 * The plan with its stages as the deployed code makes them, those that `keeps` names left as they are. The same plan where nothing
 * differs. A kind that the deployed code does not know is left: who runs it says so.
 */
export function atDeployedVersions(
  plan: Plan,
  kinds: Readonly<Record<string, Pick<StageKind, 'implementationVersion'>>>,
  keeps: (id: string) => boolean = () => false,
): Plan {
  const versionOf = (stage: PlanStage) => kinds[stage.kind]?.implementationVersion ?? stage.implementationVersion;
  const isOther = (stage: PlanStage) => versionOf(stage) !== stage.implementationVersion && !keeps(stage.id);
  if (!plan.stages.some(isOther)) return plan;
  return {
    ...plan,
    stages: plan.stages.map((stage) => (isOther(stage) ? { ...stage, implementationVersion: versionOf(stage) } : stage)),
  };
}

/** A stage and everything that depends on it, in the plan's order. */
export function withDependants(plan: Plan, id: string): string[] {
  const reached = new Set([id]);
  for (const stage of plan.stages) {
    if (Object.values(stage.inputs).some((source) => source.from === 'stage' && reached.has(source.stage))) reached.add(stage.id);
  }
  return plan.stages.flatMap((stage) => (reached.has(stage.id) ? [stage.id] : []));
}
