import { STAGE_KINDS } from '../contracts/stages/index.js';
import { openRecipe } from '../workflows/core/read-recipe.js';
import { readSweep } from '../workflows/core/read-sweep.js';
import { resolveSweep } from '../workflows/core/resolve-sweep.js';
import { outlineSweep } from '../workflows/core/static-identity.js';
import { NO_SOURCES } from './no-op-plan.js';
import { RECIPE, sweepText } from './recipe-texts.js';
import { limitRow, smallest, type BenchResult } from './result.js';

const SWEEP = sweepText({ seeds: 25, betas: 15 });

/** 375 variants of eight stages, from the two texts to the plans and the count of unique stages: what needs no server. */
export function planSweep(): { stages: number; unique: number } {
  const { variants } = resolveSweep(readSweep(SWEEP, 's.yaml'), openRecipe(RECIPE, 'r.yaml'), STAGE_KINDS);
  return outlineSweep(variants.map(({ name, resolve }) => ({ name, plan: resolve(NO_SOURCES, { name, command: '' }) })));
}

/** Planning a sweep of 3,000 stages; the aim is issue 4's. */
export async function benchSweepPlanning(): Promise<BenchResult> {
  const best = await smallest(3, async () => planSweep());
  const { stages, unique } = planSweep();
  return limitRow(`texts to plans, ${stages} stages, ${unique} unique, no server asked`, best, 2000);
}
