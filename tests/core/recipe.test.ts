import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import type { Plan } from '../../contracts/plan.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { readRecipe, RecipeFileError } from '../../workflows/core/read-recipe.js';
import { RecipeError } from '../../workflows/core/recipe-error.js';
import { resolvePlan } from '../../workflows/core/resolve-plan.js';
import { readyStages } from '../../workflows/core/schedule.js';
import { digestOf, stageKey } from '../../workflows/core/stage-key.js';

const artifact = (letter: string) => ({ digest: letter.repeat(64), files: 1, bytes: 1 });
const sources: Plan['sources'] = {
  data: { artifact: artifact('d'), root: '/data', demoPlant: false },
  model: { artifact: artifact('e'), name: 'tiny', tiny: true },
};
const MINIMAL = 'schema: 1\nmodel: tiny\ndata: {root: x}\n';
const ALL = `${MINIMAL}stages:\n  seg-jux-data:\n  seg-jux: {epochs: 2}\n  dom-inj-data: {}\n  dom-inj: {}\n  golden-reasoning: {}\n  grpo: {}\n  mmad-eval: {}\n  report: {}\n`;
const planOf = (text: string, sets: string[] = []) =>
  resolvePlan(readRecipe(text, 'r.yaml', sets).recipe, sources, STAGE_KINDS, { name: 'test', command: 'judo run r.yaml' });
const told = (text: string, sets: string[] = []): string => {
  try {
    const { recipe, locate } = readRecipe(text, 'r.yaml', sets);
    try {
      resolvePlan(recipe, sources, STAGE_KINDS, { name: 'test', command: 'judo run r.yaml' });
    } catch (error) {
      if (error instanceof RecipeError) return error.problems.map(locate).join('\n');
      throw error;
    }
  } catch (error) {
    if (error instanceof RecipeFileError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('reading a recipe', () => {
  const isRecipe = (file: string) => /^stages:/m.test(readFileSync(`recipes/${file}`, 'utf8'));
  for (const file of readdirSync('recipes').filter(isRecipe)) {
    test(`recipes/${file} parses and resolves`, () => {
      expect(planOf(readFileSync(`recipes/${file}`, 'utf8')).stages.length).toBeGreaterThan(0);
    });
  }
  test('an unknown top-level key is refused with its line and the nearest known one', () => {
    expect(told(`${MINIMAL}sede: 3\nstages: {report: {}}\n`)).toBe('r.yaml:4:1: sede: unknown key "sede"; did you mean "seed"?');
  });
  test('an unknown parameter of a stage is refused with its line and the nearest known one', () => {
    expect(told(`${MINIMAL}stages:\n  seg-jux-data: {}\n  seg-jux:\n    epoch: 3\n`)).toBe(
      'r.yaml:7:5: stages.seg-jux.epoch: unknown parameter "epoch" of seg-jux; did you mean "epochs"?',
    );
  });
  test('an unknown nested parameter names its nearest sibling', () => {
    expect(told(`${ALL}`, ['grpo.rewardWeights.domian=0'])).toContain('did you mean "domain"?');
  });
  test('a wrong type names the place', () => {
    expect(told(`${MINIMAL}stages:\n  seg-jux-data: {}\n  seg-jux: {epochs: many}\n`)).toMatch(
      /^r\.yaml:6:13: stages\.seg-jux\.epochs: .*expected number/,
    );
  });
  test('an empty file, an empty list of stages and broken YAML are each told', () => {
    expect(told('')).toContain('the file is empty');
    expect(told(`${MINIMAL}stages: {}\n`)).toContain('at least one stage');
    expect(told('schema: 1\nmodel: [')).toMatch(/^r\.yaml:\d+:\d+: /);
  });
  test('an unknown stage is refused with the nearest kind', () => {
    expect(told(`${MINIMAL}stages: {seg-jux-dat: {}}\n`)).toContain('unknown stage kind "seg-jux-dat"; did you mean "seg-jux-data"?');
  });
  test('stages that wait for each other are named', () => {
    const circle = `${MINIMAL}stages:\n  a: {kind: grpo, inputs: {policy: b.policy, rows: golden-reasoning.rows}}\n  b: {kind: grpo, inputs: {policy: a.policy, rows: golden-reasoning.rows}}\n  golden-reasoning: {}\n`;
    expect(told(circle)).toContain('in a circle: a, b');
  });
  test('a missing upstream stage is named', () => {
    expect(told(`${MINIMAL}stages: {seg-jux: {}}\n`)).toContain('the recipe has no stage "seg-jux-data"');
  });
  test('a change from the command line is validated like the file and blamed on the command line', () => {
    expect(told(ALL, ['grpo.bta=1'])).toContain('--set grpo.bta=1: stages.grpo.bta: unknown parameter "bta" of grpo; did you mean "beta"?');
    expect(told(ALL, ['gpro.beta=1'])).toContain('did you mean "grpo"?');
  });
});

describe('resolving a plan', () => {
  test('a disabled training stage hands its policy through', () => {
    const plan = planOf(ALL, ['seg-jux.enabled=false', 'dom-inj.enabled=false']);
    expect(plan.stages.find((stage) => stage.id === 'grpo')!.inputs['policy']).toEqual({
      from: 'artifact',
      digest: sources.model.artifact.digest,
    });
  });
  test('stages come after what they need', () => {
    const ids = planOf(ALL).stages.map((stage) => stage.id);
    expect(ids.indexOf('report')).toBe(ids.length - 1);
    expect(ids.indexOf('dom-inj')).toBeGreaterThan(ids.indexOf('seg-jux'));
  });
});

describe('the stage key', () => {
  const keysOf = (plan: Plan) => {
    const done = new Map<string, Record<string, string>>();
    const keys = new Map<string, string>();
    for (;;) {
      const ready = readyStages(plan, done, new Set(done.keys()));
      if (ready.length === 0) return keys;
      for (const { stage, key } of ready) {
        keys.set(stage.id, key);
        // Outputs that depend on the key alone, as those of a real stage do.
        done.set(stage.id, Object.fromEntries(stage.outputs.map((output) => [output, digestOf([key, output])])));
      }
    }
  };
  const NUMBERS = [
    ['seg-jux', 'learningRate'],
    ['dom-inj', 'learningRate'],
    ['grpo', 'beta'],
    ['grpo', 'temperature'],
    ['golden-reasoning', 'coverageThreshold'],
  ] as const;
  const below: Record<string, string[]> = {
    'seg-jux': ['dom-inj', 'grpo', 'mmad-eval', 'report'],
    'dom-inj': ['grpo', 'mmad-eval', 'report'],
    grpo: ['mmad-eval', 'report'],
    'golden-reasoning': ['grpo', 'mmad-eval', 'report'],
  };

  test('changes for the stage that reads a parameter and for what depends on it, and for nothing else', () => {
    const before = keysOf(planOf(ALL));
    fc.assert(
      fc.property(fc.constantFrom(...NUMBERS), fc.double({ min: 0.0001, max: 0.9, noNaN: true }), ([stage, name], value) => {
        const after = keysOf(planOf(ALL, [`${stage}.${name}=${value}`]));
        for (const [id, key] of before)
          expect(after.get(id) !== key, `${id} after ${stage}.${name}=${value}`).toBe(id === stage || below[stage]!.includes(id));
      }),
      { numRuns: 30 },
    );
  });
  test('does not know the runtime, the teacher endpoint or the name', () => {
    const before = keysOf(planOf(ALL));
    expect(keysOf(planOf(ALL, ['runtime.gpus=4', 'runtime.teacherConcurrency=1', 'teacher.usdPerMillionInput=9', 'name=other']))).toEqual(
      before,
    );
  });
  test('does not change when an upstream stage ran again and made the same bytes', () => {
    const plan = planOf(ALL);
    const grpo = plan.stages.find((stage) => stage.id === 'grpo')!;
    const inputs = { data: 'd'.repeat(64), rows: 'a'.repeat(64), policy: 'b'.repeat(64) };
    expect(stageKey(grpo, inputs)).toBe(stageKey({ ...grpo }, { ...inputs }));
  });
});

describe('canonical JSON', () => {
  test('does not depend on the order of keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
  test('refuses what JSON cannot say, with its path', () => {
    expect(() => canonicalJson({ a: [1, Number.NaN] })).toThrow('$.a[1] is NaN');
    expect(() => canonicalJson({ when: new Date(0) })).toThrow('$.when');
  });
});
