import { writeFile } from 'node:fs/promises';
import { priorities } from '../temporal.config.js';
import type { RunOptions } from './commands/run.js';
import { EXIT } from './exit-codes.js';
import { checkRunName } from './find-run.js';
import { followRun } from './follow-run.js';
import { bytes, isLive } from './render/terminal.js';
import { checkRecipe, resolveRecipe } from './resolve-recipe.js';
import { openSession, type Session } from './session.js';
import { newRunName, startRun, whereToLook } from './start-run.js';

/** Files the plan, starts the run, follows it. Resolves to the exit code. */
export async function runRecipe(file: string, options: RunOptions, session?: Session): Promise<number> {
  const startedAt = new Date();
  const force = Object.fromEntries(options.force.map((stage) => [stage, startedAt.toISOString()]));
  if (options.name !== undefined) checkRunName(options.name);
  // What is wrong with the words is told before a server is asked, and no data is sent before both servers answer.
  await checkRecipe(file, { ...options, force });
  const open = session ?? (await openSession());
  const { artifacts } = await open.stores();
  await open.temporal();
  const live = isLive(process.stderr, options);
  const plan = await resolveRecipe(file, { ...options, force }, artifacts, 'save', {
    onProgress: ({ files, totalFiles, bytes: sent, totalBytes }) => {
      if (live) process.stderr.write(`\r\x1b[2Kreading data: ${files} of ${totalFiles} files, ${bytes(sent)} of ${bytes(totalBytes)}`);
    },
  });
  if (live) process.stderr.write('\r\x1b[2K');
  const run = options.name ?? newRunName(plan.name, startedAt);
  const summary = `${plan.name}: ${plan.stages.length} stages, model ${plan.sources.model.name}, teacher ${plan.teacher.model}`;
  await startRun(open, { run, plan, summary, priority: priorities.interactive });
  return announceRun(open, run, options);
}

/** Prints the run's name and follows it, unless it was to be left alone. Resolves to the exit code. */
export async function announceRun(session: Session, run: string, options: Omit<RunOptions, 'set' | 'force'>): Promise<number> {
  if (options.runIdFile !== undefined) await writeFile(options.runIdFile, `${run}\n`);
  if (options.output !== 'json') process.stdout.write(`${run}\n`);
  process.stderr.write(whereToLook(session, run));
  if (options.detach !== true) return followRun(session, run, options);
  process.stderr.write(`follow it: judo watch ${run}\n`);
  if (options.output === 'json')
    process.stdout.write(`${JSON.stringify({ schemaVersion: 1, run, state: 'running', stages: [], report: null, table: null })}\n`);
  return EXIT.ok;
}
