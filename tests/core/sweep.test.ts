import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { Plan } from '../../contracts/plan.js';
import { openRecipe, RecipeFileError } from '../../workflows/core/read-recipe.js';
import { readSweep } from '../../workflows/core/read-sweep.js';
import { modelKey, resolveSweep, type ResolvedSweep } from '../../workflows/core/resolve-sweep.js';
import { resolvePlan } from '../../workflows/core/resolve-plan.js';
import { readyStages } from '../../workflows/core/schedule.js';
import { digestOf } from '../../workflows/core/stage-key.js';
import { outlineSweep, staticIdentities } from '../../workflows/core/static-identity.js';
import { MOST_POINTS } from '../../workflows/core/sweep-points.js';

const RECIPE = `schema: 1
model: tiny
data: {root: x}
stages:
  seg-jux-data: {}
  seg-jux: {epochs: 2}
  dom-inj-data: {}
  dom-inj: {}
  golden-reasoning: {}
  grpo: {}
  mmad-eval: {}
  report: {}
`;
const resolve = (sweep: string): ResolvedSweep =>
  resolveSweep(readSweep(`schema: 1\nrecipe: r.yaml\n${sweep}`, 's.yaml'), openRecipe(RECIPE, 'r.yaml'), STAGE_KINDS);
const names = (sweep: string) => resolve(sweep).variants.map(({ name }) => name);
const told = (sweep: string): readonly string[] => {
  try {
    resolve(sweep);
  } catch (error) {
    if (error instanceof RecipeFileError) return error.lines;
    throw error;
  }
  return [];
};

const plansOf = ({ variants }: ResolvedSweep) =>
  variants.map((variant) => ({
    name: variant.name,
    plan: variant.resolve(sourcesOf(variant.recipe), { name: variant.name, command: '' }),
  }));
const sourcesOf = (recipe: Parameters<typeof modelKey>[0]): Plan['sources'] => {
  const artifact = (key: unknown) => ({ digest: digestOf({ real: key }), files: 1, bytes: 1 });
  return {
    data: { artifact: artifact(recipe.data), root: '/data', demoPlant: false },
    model: { artifact: artifact(modelKey(recipe)), name: recipe.model, tiny: true },
  };
};

/** The keys that a run would give a plan's stages, when outputs depend on the key alone. */
function keysOf(plan: Plan): Map<string, string> {
  const done = new Map<string, Record<string, string>>();
  const keys = new Map<string, string>();
  for (;;) {
    const ready = readyStages(plan, done, new Set(done.keys()));
    if (ready.length === 0) return keys;
    for (const { stage, key } of ready) {
      keys.set(stage.id, key);
      done.set(stage.id, Object.fromEntries(stage.outputs.map((output) => [output, digestOf([key, output])])));
    }
  }
}

describe('the points of a sweep', () => {
  test('are the product of variants and grid, the last axis fastest', () => {
    expect(names('variants: [{name: a}, {name: b}]\ngrid: {grpo.beta: [0.01, 0.02], seed: [0, 1]}\n')).toEqual([
      'a,beta=0.01,seed=0',
      'a,beta=0.01,seed=1',
      'a,beta=0.02,seed=0',
      'a,beta=0.02,seed=1',
      'b,beta=0.01,seed=0',
      'b,beta=0.01,seed=1',
      'b,beta=0.02,seed=0',
      'b,beta=0.02,seed=1',
    ]);
  });
  test('need no variants where there is a grid', () => {
    expect(names('grid: {seed: [3, 4]}\n')).toEqual(['seed=3', 'seed=4']);
  });
  test('are as many as the lengths say, with names of their own, less those excluded', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (variants, betas, seeds) => {
          const list = Array.from({ length: variants }, (_, n) => `{name: v${n}, set: {grpo.epsilon: 0.${n + 1}}}`).join(', ');
          const grid = `{grpo.beta: [${Array.from({ length: betas }, (_, n) => (n + 1) / 100).join()}], seed: [${Array.from({ length: seeds }, (_, n) => n).join()}]}`;
          const all = names(`variants: [${list}]\ngrid: ${grid}\n`);
          expect(new Set(all).size).toBe(Math.max(1, variants) * betas * seeds);
          if (betas * seeds === 1) return;
          const left = names(`variants: [${list}]\ngrid: ${grid}\nexclude: [{grpo.beta: 0.01, seed: 0}]\n`);
          expect(all.length - left.length).toBe(Math.max(1, variants));
        },
      ),
      { numRuns: 30 },
    );
  });
  test('two axes that end alike are named in full, and a value that is no word by its place', () => {
    expect(names('grid: {seg-jux.epochs: [1], dom-inj.epochs: [2, 3], grpo.rewardWeights: [{domain: 0}, {domain: 1}]}\n')[1]).toBe(
      'seg-jux.epochs=1,dom-inj.epochs=2,rewardWeights=v2',
    );
  });
  test('exclude leaves out what it names, by variant and value', () => {
    const left = names('variants: [{name: a}, {name: b}]\ngrid: {seed: [0, 1]}\nexclude: [{variant: a, seed: 1}, {variant: b}]\n');
    expect(left).toEqual(['a,seed=0']);
  });
  test("a variant's plan is its recipe's, on the sources that it is given", () => {
    for (const { recipe, resolve: planOn } of resolve('grid: {grpo.beta: [0.1, 0.2], seed: [0, 1]}\n').variants) {
      const options = { name: 'a', command: 'judo run r.yaml' };
      expect(planOn(sourcesOf(recipe), options)).toEqual(resolvePlan(recipe, sourcesOf(recipe), STAGE_KINDS, options));
    }
  });
  test('a later setting wins: shared, then the variant, then the grid', () => {
    const { variants } = resolve(
      'set: {grpo.beta: 0.1, grpo.epsilon: 0.3}\nvariants: [{name: a, set: {grpo.beta: 0.2}}]\ngrid: {grpo.epsilon: [0.4]}\n',
    );
    expect(variants[0]!.recipe.stages['grpo']).toMatchObject({ beta: 0.2, epsilon: 0.4 });
    expect(variants[0]!.set).toEqual({ 'grpo.beta': 0.2, 'grpo.epsilon': 0.4 });
  });
});

describe('a sweep that is wrong is refused whole, with the place', () => {
  test.each([
    ['an unknown key', 'varants: [{name: a}]', 's.yaml:3:1: varants: unknown key "varants"; did you mean "variants"?'],
    [
      'an unknown key of a variant',
      'variants:\n  - {name: a, sett: {seed: 1}}',
      's.yaml:4:15: variants.0.sett: unknown key "sett"; did you mean "set"?',
    ],
    [
      'an unknown limit',
      'variants: [{name: a}]\nlimits: {paralel: 2}',
      's.yaml:4:10: limits.paralel: unknown key "paralel"; did you mean "parallel"?',
    ],
    [
      'a name twice',
      'variants:\n  - {name: a}\n  - {name: a, set: {seed: 2}}',
      's.yaml:5:6: variants.1.name: "a" is the name of variant 1 already',
    ],
    [
      'a key of no stage',
      'variants: [{name: a, set: {gpro.beta: 1}}]',
      's.yaml:3:28: variants.0.set.gpro.beta: no stage reads it: "gpro" is neither a stage nor a key of the recipe; did you mean "grpo"?',
    ],
    [
      'a parameter that the stage has not',
      'grid:\n  grpo.bta: [1]',
      's.yaml:4:3: grid.grpo.bta: no stage reads it: "bta" is no parameter of grpo; did you mean "beta"?',
    ],
    [
      'a nested parameter that the stage has not',
      'grid:\n  grpo.rewardWeights.domian: [0, 1]',
      's.yaml:4:31: stages.grpo.rewardWeights.domian: unknown parameter "domian" of grpo; did you mean "domain"?',
    ],
    [
      'a value out of range',
      'grid:\n  grpo.beta: [0, -1]',
      's.yaml:4:18: stages.grpo.beta: Too small: expected number to be >=0, got -1 (in beta=-1)',
    ],
    [
      'an axis that is in no key',
      'grid: {runtime.gpus: [1, 2]}',
      's.yaml:3:8: grid.runtime.gpus: no stage reads it: every value of this axis gives the same stages',
    ],
    [
      'an axis of a stage that is disabled everywhere',
      'set: {seg-jux.enabled: false}\ngrid: {seg-jux.epochs: [1, 2]}',
      's.yaml:4:8: grid.seg-jux.epochs: no stage reads it: seg-jux is disabled in every variant',
    ],
    [
      'a setting of a stage that the variant disables',
      'variants: [{name: a, set: {grpo.enabled: false, grpo.beta: 0.1}}]',
      's.yaml:3:49: variants.0.set.grpo.beta: no stage reads it: grpo is disabled in this variant',
    ],
    [
      'an exclude that matches nothing',
      'grid: {seed: [0, 1]}\nexclude: [{seed: 2}]',
      's.yaml:4:11: exclude.0: matches nothing: no point is seed=2; seed is 0 or 1',
    ],
    [
      'an exclude of an unknown variant',
      'variants: [{name: alpha}]\nexclude: [{variant: alhpa}]',
      's.yaml:4:12: exclude.0.variant: there is no variant "alhpa"; did you mean "alpha"?',
    ],
    [
      'an exclude that leaves nothing',
      'variants: [{name: a}]\nexclude: [{variant: a}]',
      's.yaml:4:1: exclude: every point is excluded: nothing is left',
    ],
    ['an empty axis', 'grid: {seed: []}', 's.yaml:3:8: grid.seed: an axis needs at least one value, as in [0, 1]: this grid is empty'],
    [
      'an empty sweep',
      'grid: {}',
      's.yaml:1:1: a sweep needs variants, a grid, or both, as in grid: {seed: [0, 1]}: there is nothing to run',
    ],
    ['a value twice on an axis', 'grid: {seed: [0, 1, 0]}', 's.yaml:3:21: grid.seed.2: 0 is on this axis already'],
    [
      'a metric of no stage',
      'grid: {seed: [0]}\nmetric: mmad-evl.average',
      's.yaml:4:1: metric: no variant has a stage "mmad-evl"; did you mean "mmad-eval"?',
    ],
    ["a recipe's key", 'stages: {report: {}}', 's.yaml:3:1: stages: unknown key "stages"'],
    ['what variants cannot differ in', 'grid: {name: [a, b]}', 's.yaml:3:8: grid.name: "name" is the same in every variant'],
  ])('%s', (_, sweep, line) => {
    expect(told(`${sweep}\n`).join('\n')).toContain(line);
  });
  test('a recipe in place of a sweep is said to be one', () => {
    expect(() => readSweep(RECIPE, 'r.yaml')).toThrow(
      new RecipeFileError(['r.yaml:4:1: this is a recipe, not a sweep: judo run, judo plan']),
    );
  });
  test('all problems are told at once, each once', () => {
    const lines = told(
      'variants:\n  - {name: a, set: {gpro.beta: 1}}\n  - {name: a}\ngrid: {seed: [0, 1], grpo.bta: [1]}\nexclude: [{seed: 7}]\n',
    );
    expect(lines.map((line) => line.split(': ')[0])).toEqual(['s.yaml:5:6', 's.yaml:7:11', 's.yaml:4:21', 's.yaml:6:22']);
  });
  test('a million points are refused by their number, without being built', () => {
    const axis = (key: string) => `  ${key}: [${Array.from({ length: 100 }, (_, n) => n + 1).join()}]\n`;
    const lines = told(`grid:\n${axis('seed')}${axis('seg-jux.epochs')}${axis('dom-inj.epochs')}`);
    expect(lines).toEqual([
      `s.yaml:3:1: grid: 1,000,000 points (1 x 100 x 100 x 100); a sweep has at most ${MOST_POINTS.toLocaleString('en-US')}: take values out, or make several sweeps`,
    ]);
  });
});

describe('the static identity of a stage', () => {
  test('is equal exactly where keys are, when every stage makes bytes of its own', () => {
    const value = fc.constantFrom(0.1, 0.2);
    fc.assert(
      fc.property(fc.array(fc.record({ beta: value, lr: value, off: fc.boolean() }), { minLength: 2, maxLength: 4 }), (rows) => {
        const list = rows.map(
          ({ beta, lr, off }, n) => `{name: v${n}, set: {grpo.beta: ${beta}, dom-inj.learningRate: ${lr}, seg-jux.enabled: ${!off}}}`,
        );
        const plans = plansOf(resolve(`variants: [${list.join(', ')}]\n`));
        const pairs = plans.flatMap(({ plan }) => {
          const [keys, identities] = [keysOf(plan), staticIdentities(plan)];
          return plan.stages.map(({ id }) => ({ key: keys.get(id), identity: identities.get(id) }));
        });
        for (const a of pairs) for (const b of pairs) expect(a.identity === b.identity).toBe(a.key === b.key);
        expect(outlineSweep(plans).unique).toBe(new Set(pairs.map(({ key }) => key)).size);
      }),
      { numRuns: 20 },
    );
  });
  test('a seed of its own makes stages of its own', () => {
    const { stages, unique } = outlineSweep(plansOf(resolve('grid: {seed: [0, 1, 2]}\n')));
    expect([stages, unique]).toEqual([24, 24]);
  });
});

describe('the outline of a sweep', () => {
  test('counts a stage that several variants share once, and says which variant runs it', () => {
    const plans = plansOf(resolve('variants: [{name: a}, {name: b, set: {grpo.beta: 0.2}}]\n'));
    const outline = outlineSweep(plans, (_, stage) => stage === 'seg-jux-data');
    expect([outline.stages, outline.unique, outline.done]).toEqual([16, 11, 1]);
    const states = (name: string) =>
      Object.fromEntries(outline.cells.filter((cell) => cell.variant === name).map(({ stage, state }) => [stage, state]));
    expect(states('a')).toMatchObject({ 'seg-jux-data': 'done', 'seg-jux': 'will-run', grpo: 'will-run' });
    expect(states('b')).toMatchObject({ 'seg-jux-data': 'done', 'seg-jux': 'shared', grpo: 'will-run', 'mmad-eval': 'will-run' });
  });
});

describe.each(['table2', 'table2-tiny'])('recipes/%s.yaml', (name) => {
  const source = readSweep(readFileSync(`recipes/${name}.yaml`, 'utf8'), `recipes/${name}.yaml`);
  const recipe = readFileSync(join('recipes', source.sweep.recipe), 'utf8');
  const resolved = resolveSweep(source, openRecipe(recipe, source.sweep.recipe), STAGE_KINDS);
  const plans = plansOf(resolved);
  const TRAINING = ['seg-jux', 'dom-inj', 'grpo'];

  test("is the paper's six rows", () => {
    expect(plans.map((plan) => plan.name)).toEqual(['base', 'grpo', 'grpo-rag', 'grpo-dominj', 'grpo-segjux-dominj', 'judo']);
    expect(resolved.metric).toEqual({ stage: 'mmad-eval', figure: 'average', best: 'highest' });
  });
  test('trains seven times, not ten', () => {
    const training = outlineSweep(plans).cells.filter(({ kind }) => TRAINING.includes(kind));
    expect(training.length).toBe(10);
    expect(new Set(training.map(({ identity }) => identity)).size).toBe(7);
    expect(training.filter(({ state }) => state === 'will-run').length).toBe(7);
  });
  test('evaluates six policies and prompts, and asks the teacher once for each set', () => {
    const { cells } = outlineSweep(plans);
    const unique = (...kinds: string[]) => new Set(cells.filter(({ kind }) => kinds.includes(kind)).map(({ identity }) => identity)).size;
    expect(unique('mmad-eval')).toBe(6);
    expect(unique('seg-jux-data', 'dom-inj-data', 'golden-reasoning')).toBe(3);
  });
  test('has the segmentation reward only where SegJux ran, and the domain reward only in the last row', () => {
    const rewards = plans.flatMap(({ plan }) => plan.stages.filter(({ kind }) => kind === 'grpo').map(({ params }) => params));
    expect(rewards.map(({ rewardProfile }) => rewardProfile)).toEqual([
      'anomalyr1_code',
      'anomalyr1_code',
      'anomalyr1_code',
      'judo_code',
      'judo_code',
    ]);
    expect(rewards.map(({ rewardWeights }) => (rewardWeights as { domain: number }).domain).slice(3)).toEqual([0, 1]);
  });
});
