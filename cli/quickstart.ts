import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutRoot, judoHome } from '../infra/checkout.js';
import { runRecipe } from './run-recipe.js';
import { duration } from './render/terminal.js';

const IMAGES = 96;
const SEED = 1;

/** The whole of JUDO once on this machine: stack, demo plant, every stage, the table. A second call finds everything done. */
export async function quickstart(options: { output?: string; progress?: boolean }): Promise<number> {
  // Set-up, where there was any, is part of everything; `judo` says when it began.
  const startedAt = Number(process.env['JUDO_SET_UP_SINCE'] ?? Number.NaN) * 1000 || Date.now();
  const { startStack } = await import('../infra/stack/start-stack.js');
  const { state } = await startStack(judoHome());
  process.stderr.write(`stack is up (${duration(Date.now() - startedAt)}); Temporal UI: ${state.temporal?.ui ?? 'as configured'}\n`);
  const plant = join(judoHome(), 'demo-plant');
  await ensureDemoPlant(plant);
  const pipelineStartedAt = Date.now();
  const exitCode = await runRecipe(join(checkoutRoot(), 'recipes', 'quickstart.yaml'), { ...options, data: plant, set: [], force: [] });
  process.stderr.write(`pipeline: ${duration(Date.now() - pipelineStartedAt)}; everything: ${duration(Date.now() - startedAt)}\n`);
  if (exitCode === 0) {
    process.stderr.write(`
Next:
  ./judo plan recipes/quickstart.yaml -s grpo.beta=0.02     what a changed parameter would run again
  ./judo run recipes/judo-tiny.yaml --data YOUR_DATA        your own pictures, in the MMAD layout (judo data check YOUR_DATA)
  ./judo runs                                               what ran; judo show RUN, judo report RUN --open
`);
  }
  return exitCode;
}

/** Draws the demo plant beside its place and renames it: a half-drawn one is never taken for whole. */
async function ensureDemoPlant(plant: string): Promise<void> {
  if (existsSync(plant)) return;
  const startedAt = Date.now();
  const [{ drawDemoPlant }, { createSharpCodec }] = await Promise.all([
    import('../activities/demo-plant/demo-plant.js'),
    import('../adapters/image-codec/sharp.js'),
  ]);
  const unfinished = `${plant}.unfinished-${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await drawDemoPlant(unfinished, { images: IMAGES, seed: SEED, size: 256 }, createSharpCodec());
  await rename(unfinished, plant).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(unfinished, { recursive: true, force: true });
  process.stderr.write(`drew the demo plant: ${IMAGES} images (${duration(Date.now() - startedAt)})\n`);
}
