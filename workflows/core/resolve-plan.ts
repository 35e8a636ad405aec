import type { Recipe } from '../../contracts/recipe.js';
import type { InputSource, Plan, PlanStage } from '../../contracts/plan.js';
import type { StageKind } from '../../contracts/stages/stage-kind.js';
import { didYouMean } from './nearest.js';
import { RecipeError, refusalOf, type RecipeProblem } from './recipe-error.js';

interface Stage {
  readonly id: string;
  readonly kind: StageKind;
  readonly enabled: boolean;
  readonly params: Record<string, unknown>;
  readonly inputs: Readonly<Record<string, string>>;
}

/** Recipe -> plan: every stage with its whole parameter slice and the origin of its inputs, in topological order. Pure. */
export function resolvePlan(
  recipe: Recipe,
  sources: Plan['sources'],
  kinds: Readonly<Record<string, StageKind>>,
  options: { salt?: string; force?: Readonly<Record<string, string>>; until?: string; name: string; command: string },
): Plan {
  const problems: RecipeProblem[] = [];
  const stages = new Map<string, Stage>();
  for (const [id, entry] of Object.entries(recipe.stages)) {
    const { kind: named, enabled, inputs, ...given } = entry;
    const kind = kinds[named ?? id];
    if (kind === undefined) {
      problems.push({ path: ['stages', id], message: `unknown stage kind "${named ?? id}"${didYouMean(named ?? id, Object.keys(kinds))}` });
      continue;
    }
    stages.set(id, { id, kind, enabled, inputs, params: readParams(id, kind, given, recipe, options.salt ?? '', problems) });
  }
  for (const id of Object.keys(options.force ?? {})) {
    if (!stages.has(id))
      problems.push({ path: ['force'], message: `no stage "${id}" in this recipe${didYouMean(id, [...stages.keys()])}` });
  }
  if (options.until !== undefined && !stages.has(options.until)) {
    problems.push({
      path: ['until'],
      message: `no stage "${options.until}" in this recipe${didYouMean(options.until, [...stages.keys()])}`,
    });
  }
  const resolved = new Map<string, PlanStage>();
  for (const stage of stages.values()) {
    if (!stage.enabled) continue;
    const force = options.force?.[stage.id];
    resolved.set(stage.id, {
      id: stage.id,
      kind: stage.kind.kind,
      title: stage.kind.title,
      implementationVersion: stage.kind.implementationVersion,
      queue: stage.kind.queue,
      activity: stage.kind.activity,
      params: stage.params,
      inputs: resolveInputs(stage, stages, sources, problems),
      outputs: [...stage.kind.outputs],
      ...(force === undefined ? {} : { force }),
    });
  }
  if (problems.length > 0) throw new RecipeError(problems);
  const ordered = topologicalOrder(resolved);
  const wanted =
    options.until === undefined
      ? ordered
      : ordered.filter((stage) => stage.id === options.until || isUpstream(stage.id, options.until!, resolved));
  if (wanted.length === 0) throw new RecipeError([{ path: ['stages'], message: 'every stage is disabled: nothing to run' }]);
  return {
    schemaVersion: 1,
    name: options.name,
    command: options.command,
    sources,
    teacher: recipe.teacher,
    runtime: recipe.runtime,
    stages: wanted,
  };
}

function readParams(
  id: string,
  kind: StageKind,
  given: Record<string, unknown>,
  recipe: Recipe,
  salt: string,
  problems: RecipeProblem[],
): Record<string, unknown> {
  const shared: Record<string, unknown> = { seed: recipe.seed, salt, teacherModel: recipe.teacher.model };
  const fields = Object.keys(kind.params.shape);
  const filled = Object.fromEntries(fields.filter((field) => field in shared).map((field) => [field, shared[field]]));
  const all = { ...filled, ...given };
  const parsed = kind.params.safeParse(all);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const known = issue.path.length === 0 ? [...fields, 'kind', 'enabled', 'inputs'] : nestedFields(kind, issue.path);
        problems.push({
          path: ['stages', id, ...issue.path.map(String), key],
          message: `unknown parameter "${key}" of ${kind.kind}${didYouMean(key, known)}`,
        });
      }
    } else {
      problems.push({ path: ['stages', id, ...issue.path.map(String)], message: refusalOf(issue, all) });
    }
  }
  return {};
}

function nestedFields(kind: StageKind, path: readonly PropertyKey[]): string[] {
  const defaults = kind.params.parse({}) as Record<string, unknown>;
  const at = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], defaults);
  return at !== null && typeof at === 'object' ? Object.keys(at) : [];
}

function resolveInputs(
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  sources: Plan['sources'],
  problems: RecipeProblem[],
): Record<string, InputSource> {
  if (stage.kind.inputs === 'everything') {
    const others = [...stages.values()].filter((other) => other.id !== stage.id && other.enabled && other.kind.inputs !== 'everything');
    const outputs = others.flatMap((other) =>
      other.kind.outputs
        // A policy is gigabytes that only trainers and evaluations read; what it does shows in the answers.
        .filter((output) => output !== other.kind.passThrough?.output)
        .map((output) => [`${other.id}.${output}`, { from: 'stage', stage: other.id, output }] as const),
    );
    return Object.fromEntries([...outputs, ['data', { from: 'artifact', digest: sources.data.artifact.digest }]]);
  }
  const ports = stage.kind.inputs;
  for (const port of Object.keys(stage.inputs)) {
    if (!(port in ports))
      problems.push({
        path: ['stages', stage.id, 'inputs', port],
        message: `${stage.kind.kind} has no input "${port}"${didYouMean(port, Object.keys(ports))}`,
      });
  }
  const resolved: Record<string, InputSource> = {};
  for (const [port, { from, optional }] of Object.entries(ports)) {
    const source = follow(stage.inputs[port] ?? from, stages, sources, new Set());
    if (typeof source !== 'string') resolved[port] = source;
    else if (optional !== true || stage.inputs[port] !== undefined)
      problems.push({ path: ['stages', stage.id, 'inputs', port], message: source });
  }
  return resolved;
}

/** Follows `stage.output` through disabled stages that pass an input on. Returns why not, in words, when it leads nowhere. */
function follow(reference: string, stages: ReadonlyMap<string, Stage>, sources: Plan['sources'], seen: Set<string>): InputSource | string {
  if (reference === 'data' || reference === 'model') return { from: 'artifact', digest: sources[reference].artifact.digest };
  const [id = '', output = ''] = reference.split('.');
  const stage = stages.get(id);
  if (stage === undefined) return `needs "${reference}", and the recipe has no stage "${id}"${didYouMean(id, [...stages.keys()])}`;
  if (!stage.kind.outputs.includes(output)) return `stage "${id}" has no output "${output}"${didYouMean(output, stage.kind.outputs)}`;
  if (stage.enabled) return { from: 'stage', stage: id, output };
  const pass = stage.kind.passThrough;
  if (pass?.output !== output) return `needs "${reference}", and stage "${id}" is disabled`;
  if (seen.has(id)) return `stages ${[...seen].join(' -> ')} pass their input round in a circle`;
  const next = stage.inputs[pass.input] ?? (stage.kind.inputs === 'everything' ? undefined : stage.kind.inputs[pass.input]?.from);
  return next === undefined ? `stage "${id}" has no input "${pass.input}"` : follow(next, stages, sources, new Set([...seen, id]));
}

const upstream = (stage: PlanStage): string[] =>
  Object.values(stage.inputs).flatMap((source) => (source.from === 'stage' ? [source.stage] : []));

function isUpstream(id: string, of: string, stages: ReadonlyMap<string, PlanStage>): boolean {
  const stage = stages.get(of);
  return stage !== undefined && upstream(stage).some((up) => up === id || isUpstream(id, up, stages));
}

/** Kahn's order, stable in the recipe's order. A circle is named by its stages. */
function topologicalOrder(stages: ReadonlyMap<string, PlanStage>): PlanStage[] {
  const waiting = [...stages.values()];
  const placed = new Set<string>();
  const order: PlanStage[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex((stage) => upstream(stage).every((up) => placed.has(up)));
    if (index < 0) {
      throw new RecipeError([
        { path: ['stages'], message: `these stages wait for each other in a circle: ${waiting.map((stage) => stage.id).join(', ')}` },
      ]);
    }
    const [stage] = waiting.splice(index, 1);
    placed.add(stage!.id);
    order.push(stage!);
  }
  return order;
}
