import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createArtifactStore } from '../activities/artifacts/artifact-store.js';
import { resolveRecipe } from '../cli/resolve-recipe.js';
import { fileRecords } from './file-records.js';
import { judo, runNode } from './node-process.js';
import { RECIPE, sweepText, wideRecipe } from './recipe-texts.js';
import { byTurns, limitRow, ratioRow, smallest, type BenchResult } from './result.js';
import { environmentOf, openBucket, type BenchServers } from './servers.js';

const ROUNDS = 3;
const MOST_MS = 2000;
const SEEDS = 500;

/** Plans of thousands of stages by the `judo` command itself: a new process each time, its start included. */
export async function benchPlanning(servers: BenchServers): Promise<BenchResult[]> {
  const folder = join(servers.directory, 'plans');
  await mkdir(folder);
  await writeFile(join(folder, 'recipe.yaml'), RECIPE);
  await judo(environmentOf(servers, 'plans'), 'data', 'demo', join(folder, 'data'), '--images', '12', '--seed', '1', '--size', '64');
  return [await benchSweep(servers, folder), ...(await benchFiled(servers, folder))];
}

/** The largest sweep that people are likely to plan, nothing of it done. */
async function benchSweep(servers: BenchServers, folder: string): Promise<BenchResult> {
  const file = join(folder, 'sweep.yaml');
  await writeFile(file, sweepText({ seeds: 50, betas: 25 }));
  await openBucket(servers, 'sweep');
  const plan = () => judo(environmentOf(servers, 'sweep'), 'sweep', 'plan', file, '-o', 'json');
  const { counts } = JSON.parse(await plan()) as { counts: { stages: number; unique: number } };
  return limitRow(`judo sweep plan, ${counts.stages} stages, ${counts.unique} unique`, await smallest(ROUNDS, plan), MOST_MS);
}

/** One recipe of thousands of stages whose records are all there; then the same with a parameter of every sixth changed. */
async function benchFiled(servers: BenchServers, folder: string): Promise<BenchResult[]> {
  const env = environmentOf(servers, 'filed');
  const objects = await openBucket(servers, 'filed');
  const recipe = async (name: string, beta: number) => {
    const file = join(folder, name);
    await writeFile(file, wideRecipe(SEEDS, beta));
    return file;
  };
  const [filed, changed] = [await recipe('filed.yaml', 0.04), await recipe('changed.yaml', 0.05)];
  const artifacts = createArtifactStore({ objects, cacheDir: join(servers.directory, 'cache') });
  const keys = await fileRecords(await resolveRecipe(filed, { set: [], force: {} }, artifacts, 'digest'), objects);
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify(keys));

  const plan = (file: string) => judo(env, 'plan', file, '-o', 'json');
  const count = async (file: string, state: string) =>
    (JSON.parse(await plan(file)) as { stages: { state: string }[] }).stages.filter((stage) => stage.state === state).length;
  const [done, willRun] = [await count(filed, 'done'), await count(changed, 'will-run')];
  const bareGets = () => runNode('bench/bare-gets.js', [keysFile], env);
  const firstPlan = async () => {
    await rm(join(env['JUDO_HOME']!, 'cache', 'records'), { recursive: true });
    await plan(filed);
  };
  const first = await byTurns(ROUNDS, firstPlan, bareGets);
  const { ours, baseline } = await byTurns(ROUNDS, () => plan(filed), bareGets);
  const explained = await smallest(ROUNDS, () => plan(changed));
  return [
    ratioRow(`judo plan, ${done} of ${keys.length} stages done, never read here / bare gets of their records`, first, 2),
    limitRow(`judo plan, ${done} of ${keys.length} stages done / the same gets`, ours, MOST_MS, baseline),
    limitRow(`judo plan, ${willRun} of ${keys.length} changed and explained / the same gets`, explained, MOST_MS, baseline),
  ];
}
