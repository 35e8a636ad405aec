import { parse } from 'yaml';
import type { Plan, PlanStage, SweepPlan } from '../../contracts/plan.js';
import { Recipe } from '../../contracts/recipe.js';
import type { StageKind } from '../../contracts/stages/stage-kind.js';
import { didYouMeanOf } from './nearest.js';
import type { RecipeChange, RecipeDocument, RecipeSource } from './read-recipe.js';
import type { SweepSource } from './read-sweep.js';
import { RecipeFileError } from './read-yaml.js';
import { RecipeError, type RecipeProblem } from './recipe-error.js';
import { resolvePlan } from './resolve-plan.js';
import { digestOf } from './stage-key.js';
import { staticIdentities } from './static-identity.js';
import { sweepPoints, type SweepPoint } from './sweep-points.js';

type Kinds = Readonly<Record<string, StageKind>>;

/** One variant of a sweep, valid: its recipe, and the plan that it makes of sources. */
export interface SweepVariant extends Omit<SweepPlan['variants'][number], 'plan'> {
  readonly recipe: Recipe;
  /** What the variant changes, as `judo run -s` takes it. */
  readonly words: readonly string[];
  readonly resolve: (sources: Plan['sources'], options: { name: string; command: string }) => Plan;
}

export interface ResolvedSweep {
  readonly variants: readonly SweepVariant[];
  /** What the results table is sorted by; absent when the recipe evaluates nothing and the sweep names nothing. */
  readonly metric?: NonNullable<SweepPlan['metric']>;
}

const DEFAULT_METRIC = 'mmad-eval.average';
/** Keys of a stage's entry that decide the plan's shape, and are no parameter. */
const STRUCTURE = ['kind', 'enabled', 'inputs'];
/** Keys of a recipe that every variant has in common. */
const COMMON = ['schema', 'name', 'stages'];

/**
 * Sweep + recipe -> variants, every one valid. Throws `RecipeFileError` with all problems of the whole grid, each at its line in
 * the sweep's file or the recipe's. Pure: no source is read.
 */
export function resolveSweep(source: SweepSource, document: RecipeDocument, kinds: Kinds): ResolvedSweep {
  const base = document.read([]).recipe;
  const { points, problems } = sweepPoints(source.sweep);
  const settings = settingsOf(source);
  refuse(source, [...problems, ...settings.flatMap((setting) => problemOfKey(setting, base, kinds))]);
  const told = new Map<string, string[]>();
  const tried = points.flatMap((point) => {
    try {
      return [tryPoint(source, document, point, kinds)];
    } catch (error) {
      if (!(error instanceof RecipeFileError)) throw error;
      for (const line of error.lines) told.set(line, [...(told.get(line) ?? []), point.name]);
      return [];
    }
  });
  if (told.size > 0) throw new RecipeFileError([...told].map(([line, names]) => `${line}${whoseProblem(names, points.length)}`));
  const metric = metricOf(source, tried);
  refuse(source, [...unreadSettings(settings, tried), ...unreadAxes(source, tried), ...(Array.isArray(metric) ? metric : [])]);
  return { variants: tried.map(({ variant }) => variant), ...(metric === null || Array.isArray(metric) ? {} : { metric }) };
}

function refuse(source: SweepSource, problems: readonly RecipeProblem[]): void {
  if (problems.length > 0) throw new RecipeFileError(problems.map(source.locate));
}

/** Which variants have a problem, unless all do. */
const whoseProblem = ([first, ...others]: readonly string[], all: number): string =>
  others.length + 1 === all ? '' : ` (in ${first}${others.length === 0 ? '' : ` and ${others.length} more`})`;

interface KeySetting {
  /** Without a leading `stages.`. */
  readonly keys: readonly string[];
  readonly path: readonly (string | number)[];
  /** Which variant sets it; every one when undefined. */
  readonly variant?: number;
}

/** Every key that the file sets or varies, once for each place. */
function settingsOf({ sweep }: SweepSource): KeySetting[] {
  const keysOf = (dotted: string) => dotted.replace(/^stages\./, '').split('.');
  const own = (set: object, path: readonly (string | number)[], variant?: number) =>
    Object.keys(set).map((key): KeySetting => ({ keys: keysOf(key), path: [...path, key], ...(variant === undefined ? {} : { variant }) }));
  return [
    ...own(sweep.set, ['set']),
    ...sweep.variants.flatMap(({ set }, index) => own(set, ['variants', index, 'set'], index)),
    ...own(sweep.grid, ['grid']),
  ];
}

function problemOfKey({ keys, path }: KeySetting, base: Recipe, kinds: Kinds): RecipeProblem[] {
  const [first = '', parameter] = keys;
  const isStage = Object.hasOwn(base.stages, first);
  if (!isStage) {
    const known = [...Object.keys(base.stages), ...Object.keys(Recipe.shape).filter((key) => !COMMON.includes(key))];
    if (COMMON.includes(first)) return [{ path, message: `"${first}" is the same in every variant: take it out` }];
    return known.includes(first)
      ? []
      : [{ path, message: `no stage reads it: "${first}" is neither a stage nor a key of the recipe${didYouMeanOf(first, known)}` }];
  }
  const kind = kinds[base.stages[first]!.kind ?? first];
  if (kind === undefined) return [];
  const known = [...Object.keys(kind.params.shape), ...STRUCTURE];
  if (parameter === undefined) return [{ path, message: `names a whole stage; name a parameter of it: ${known.join(', ')}` }];
  return known.includes(parameter)
    ? []
    : [{ path, message: `no stage reads it: "${parameter}" is no parameter of ${kind.kind}${didYouMeanOf(parameter, known)}` }];
}

interface TriedPoint {
  readonly point: SweepPoint;
  readonly variant: SweepVariant;
  readonly plan: Plan;
}

function tryPoint(source: SweepSource, document: RecipeDocument, point: SweepPoint, kinds: Kinds): TriedPoint {
  const changes = point.settings.map(({ key, value, path }): RecipeChange => ({ path: key, value, origin: source.at(path) }));
  const { recipe, locate } = document.read(changes);
  const draft = draftPlan(recipe, point.name, kinds, locate);
  const shown = point.settings.filter(({ key, path }) => path[0] !== 'set' && key !== 'seed');
  const variant: SweepVariant = {
    name: point.name,
    set: Object.fromEntries(shown.map(({ key, value }) => [key, value])),
    seed: point.settings.some(({ key }) => key === 'seed') ? recipe.seed : null,
    recipe,
    words: Object.entries(Object.fromEntries(point.settings.map(({ key, value }) => [key, wordOf(value)]))).map(
      ([key, value]) => `${key}=${value}`,
    ),
    resolve: (sources, options) => ({ ...draft, ...options, sources, stages: withSources(draft, sources) }),
  };
  return { point, variant, plan: draft };
}

/** The plan on sources that are not read yet. */
function draftPlan(recipe: Recipe, name: string, kinds: Kinds, locate: RecipeSource['locate']): Plan {
  try {
    return resolvePlan(recipe, placeholder(recipe), kinds, { name, command: '' });
  } catch (error) {
    if (error instanceof RecipeError) throw new RecipeFileError(error.problems.map(locate));
    throw error;
  }
}

/** A draft's stages on the real sources: those are all that changes when they are read. */
function withSources(draft: Plan, sources: Plan['sources']): PlanStage[] {
  const real = new Map([
    [draft.sources.data.artifact.digest, sources.data.artifact.digest],
    [draft.sources.model.artifact.digest, sources.model.artifact.digest],
  ]);
  return draft.stages.map((stage) => {
    const inputs = { ...stage.inputs };
    for (const [port, source] of Object.entries(inputs))
      if (source.from === 'artifact') inputs[port] = { from: 'artifact', digest: real.get(source.digest)! };
    return { ...stage, inputs };
  });
}

/** As YAML reads it back. */
const wordOf = (value: unknown): string => (typeof value === 'string' && parse(value) === value ? value : JSON.stringify(value));

/** Sources that differ exactly where the real ones can: nothing is read yet. */
function placeholder(recipe: Recipe): Plan['sources'] {
  const artifact = (key: unknown) => ({ digest: digestOf(key), files: 0, bytes: 0 });
  return {
    data: { artifact: artifact(recipe.data), root: recipe.data.root, demoPlant: false },
    model: { artifact: artifact(modelKey(recipe)), name: recipe.model, tiny: recipe.model === 'tiny' },
  };
}

/** What the base model's artifact depends on: a tiny model is drawn from the recipe's seed. */
export const modelKey = (recipe: Recipe): unknown => [
  recipe.model,
  recipe.modelRevision ?? null,
  recipe.model === 'tiny' ? recipe.seed : null,
];

/** Parameters of stages that are disabled wherever they are set. */
function unreadSettings(settings: readonly KeySetting[], tried: readonly TriedPoint[]): RecipeProblem[] {
  return settings.flatMap(({ keys: [stage = '', parameter = ''], path, variant }) => {
    const there = tried.filter(({ point }) => variant === undefined || point.coordinates[0] === variant);
    const isRead = there.length === 0 || there.some(({ variant: { recipe } }) => recipe.stages[stage]?.enabled !== false);
    if (isRead || STRUCTURE.includes(parameter)) return [];
    const where = variant === undefined ? 'every variant' : 'this variant';
    return [{ path, message: `no stage reads it: ${stage} is disabled in ${where}; enable it, or take this out` }];
  });
}

/** Axes along which no stage differs: every value would be the same run. */
function unreadAxes({ sweep }: SweepSource, tried: readonly TriedPoint[]): RecipeProblem[] {
  const known = new Map<number, string>();
  const identityOf = (index: number): string => {
    const identity = known.get(index) ?? [...staticIdentities(tried[index]!.plan).values()].join();
    known.set(index, identity);
    return identity;
  };
  return Object.keys(sweep.grid).flatMap((key, axis) => {
    // The first point of each row of this axis. Most axes are read: two points are compared, and that is that.
    const rows = new Map<string, number>();
    let compared = 0;
    for (const [index, { point, variant }] of tried.entries()) {
      // A stage that is disabled here is told by `unreadSettings` where it is disabled everywhere.
      if (variant.recipe.stages[key.replace(/^stages\./, '').split('.')[0]!]?.enabled === false && !key.endsWith('.enabled')) continue;
      const row = point.coordinates.toSpliced(axis + 1, 1).join();
      const first = rows.get(row);
      if (first === undefined) rows.set(row, index);
      else if (identityOf(first) !== identityOf(index)) return [];
      else compared += 1;
    }
    if (compared === 0) return [];
    return [{ path: ['grid', key], message: 'no stage reads it: every value of this axis gives the same stages; take the axis out' }];
  });
}

/** The metric, nothing where there is nothing to measure, or what is wrong with it. */
function metricOf({ sweep }: SweepSource, tried: readonly TriedPoint[]): NonNullable<SweepPlan['metric']> | RecipeProblem[] | null {
  const [stage = '', figure = ''] = (sweep.metric ?? DEFAULT_METRIC).split('.');
  const ids = [...new Set(tried.flatMap(({ plan }) => plan.stages.map(({ id }) => id)))];
  if (ids.includes(stage)) return { stage, figure, best: sweep.best };
  return sweep.metric === undefined
    ? null
    : [{ path: ['metric'], message: `no variant has a stage "${stage}"${didYouMeanOf(stage, ids)}` }];
}
