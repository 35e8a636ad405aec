import { STAGE_KINDS } from '../contracts/stages/index.js';
import { openRecipe } from '../workflows/core/read-recipe.js';
import { readSweep } from '../workflows/core/read-sweep.js';
import { resolveSweep } from '../workflows/core/resolve-sweep.js';
import { outlineSweep } from '../workflows/core/static-identity.js';
import { milliseconds, type BenchResult } from './result.js';

const SEEDS = 25;
const BETAS = 15;
const RECIPE = `schema: 1
model: tiny
data: {root: x}
stages: {seg-jux-data: {}, seg-jux: {}, dom-inj-data: {}, dom-inj: {}, golden-reasoning: {}, grpo: {}, mmad-eval: {}, report: {}}
`;
const numbers = (count: number, of: (n: number) => number): string => Array.from({ length: count }, (_, n) => of(n)).join(', ');
const SWEEP = `schema: 1
recipe: r.yaml
grid:
  grpo.beta: [${numbers(BETAS, (n) => (n + 1) / 100)}]
  seed: [${numbers(SEEDS, (n) => n)}]
`;
const NOTHING = { digest: '0'.repeat(64), files: 0, bytes: 0 };

/** 375 variants of eight stages, from the two texts to the plans and the count of unique stages: what needs no server. */
export function planSweep(): { stages: number; unique: number } {
  const { variants } = resolveSweep(readSweep(SWEEP, 's.yaml'), openRecipe(RECIPE, 'r.yaml'), STAGE_KINDS);
  const sources = { data: { artifact: NOTHING, root: '/', demoPlant: false }, model: { artifact: NOTHING, name: 'tiny', tiny: true } };
  return outlineSweep(variants.map(({ name, resolve }) => ({ name, plan: resolve(sources, { name, command: '' }) })));
}

/** Planning a sweep of 3,000 stages; the aim is issue 4's. */
export async function benchSweepPlanning(): Promise<BenchResult> {
  let best = Infinity;
  for (let round = 0; round < 3; round++) best = Math.min(best, await milliseconds(async () => planSweep()));
  const { stages, unique } = planSweep();
  const name = `plan a sweep of ${stages} stages, ${unique} unique`;
  return { name, unit: 'ms', ours: best, baseline: null, ratio: null, aim: '< 2000 ms', met: best < 2000 };
}
