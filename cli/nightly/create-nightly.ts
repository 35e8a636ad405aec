import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { createNightlyStore, scheduleId } from '../../activities/nightly/nightly-store.js';
import { planNight } from '../../activities/nightly/plan-night.js';
import { NIGHTLY_NAME, type NightlyDefinition, type NightTimes } from '../../contracts/nightly.js';
import { priorities, queues } from '../../temporal.config.js';
import { readRecipe } from '../../workflows/core/read-recipe.js';
import type { nightly } from '../../workflows/nightly.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { Session } from '../session.js';
import { signature } from '../signature.js';
import { clockChanges, readTimes, type TimeOptions } from './read-times.js';
import { scheduleSpec } from './schedule-spec.js';

export interface CreateOptions extends TimeOptions {
  readonly data?: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly freshTeacher?: boolean;
  readonly points: number;
  readonly percent: number;
}

export interface Created {
  readonly name: string;
  readonly did: 'created' | 'updated' | 'unchanged';
  /** Fields of the definition that an update changed. */
  readonly changed: readonly string[];
  readonly next: Date | null;
  /** What happens on dates whose clocks change over the due time. */
  readonly remarks: readonly string[];
}

/** Makes a nightly, or gives the one of that name these values. Everything that would fail at night is tried now. */
export async function createNightly(session: Session, file: string, options: CreateOptions): Promise<Created> {
  const now = new Date();
  const definition = await readDefinition(file, options, now);
  const { artifacts, objects } = await session.stores();
  await planNight(definition, now.toISOString(), artifacts, 'digest');

  const store = createNightlyStore(objects);
  const { name } = definition;
  const before = await store.definition(name);
  const schedules = (await session.temporal()).schedule;
  const handle = schedules.getHandle(scheduleId(name));
  const isThere = await handle.describe().then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && error.name === 'ScheduleNotFoundError') return false;
      throw error;
    },
  );
  const changed = before === null ? [] : changedFields(before, definition);
  const hasNewTimes = before === null || !isThere || changed.includes('times');
  const did = !isThere || before === null ? 'created' : changed.length === 0 ? 'unchanged' : 'updated';
  if (did !== 'unchanged') {
    // The definition first: a schedule never fires without it.
    await store.saveDefinition(hasNewTimes ? definition : { ...definition, timesSince: before.timesSince });
    const wanted = scheduleOptions(definition, now);
    if (isThere) await handle.update((previous) => ({ ...wanted, state: previous.state }));
    else await schedules.create<typeof nightly>(wanted);
    await store.addOrder(name, {
      at: now.toISOString(),
      by: signature(undefined).by,
      action: did === 'created' ? 'create' : 'update',
      note: null,
    });
  }
  const { info } = await handle.describe();
  // No night that was due before the schedule stood is one that did not fire.
  if (hasNewTimes) await store.saveDefinition({ ...definition, timesSince: momentItStood(info) });
  return { name, did, changed, next: info.nextActionTimes[0] ?? null, remarks: clockChanges(definition.times, now.getTime()) };
}

/** By now, and by the server's clock: it makes the schedule a moment after it has said so. */
function momentItStood(info: ScheduleDescription['info']): string {
  return new Date(Math.max(Date.now(), info.createdAt.getTime(), info.lastUpdatedAt?.getTime() ?? 0)).toISOString();
}

async function readDefinition(file: string, options: CreateOptions, now: Date): Promise<NightlyDefinition> {
  const times = readTimes(options);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file' : error.message;
    throw new CliError(EXIT.usage, `${file}: ${why}`, 'Recipes of this project are in recipes/.');
  });
  const { recipe } = readRecipe(text, file, options.set);
  const name = options.name ?? recipe.name ?? basename(file).replace(/\.ya?ml$/, '');
  if (!NIGHTLY_NAME.test(name)) {
    throw new CliError(
      EXIT.usage,
      `"${name}" cannot name a nightly`,
      'Give a --name of lower case letters, digits and hyphens, 60 at most.',
    );
  }
  // Relative paths are those of whoever types; the worker stands elsewhere.
  const dataRoot = resolve(options.data ?? (isAbsolute(recipe.data.root) ? recipe.data.root : join(dirname(file), recipe.data.root)));
  const model = recipe.model.startsWith('.') ? [`model=${resolve(recipe.model)}`] : [];
  const command = ['judo', 'run', file, '--data', dataRoot, ...options.set.flatMap((set) => ['-s', set])].map(asTyped).join(' ');
  return {
    schemaVersion: 1,
    name,
    recipe: { file, text },
    dataRoot,
    sets: [...options.set, ...model],
    command,
    freshTeacher: options.freshTeacher ?? false,
    times,
    thresholds: { points: options.points, percent: options.percent },
    timesSince: now.toISOString(),
  };
}

const OVERLAPS = { skip: 'SKIP', 'buffer-one': 'BUFFER_ONE', allow: 'ALLOW_ALL', 'cancel-other': 'CANCEL_OTHER' } as const satisfies Record<
  NightTimes['overlap'],
  string
>;

function scheduleOptions({ name, times, command }: NightlyDefinition, now: Date) {
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'nightly',
    workflowId: scheduleId(name),
    taskQueue: queues.pipeline,
    args: [{ name }] as [{ name: string }],
    staticSummary: `the nightly ${name}: ${command}`,
    // Missing from the type of a schedule's action, and obeyed.
    priority: priorities.nightly,
  };
  return {
    scheduleId: scheduleId(name),
    spec: scheduleSpec(times, now.getTime()),
    action,
    policies: { overlap: OVERLAPS[times.overlap], catchupWindow: times.catchupMs },
  } satisfies ScheduleOptions;
}

function changedFields(before: NightlyDefinition, now: NightlyDefinition): string[] {
  const fields = ['recipe', 'dataRoot', 'sets', 'freshTeacher', 'times', 'thresholds'] as const;
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(now[field]));
}

/** A word as a shell takes it. */
const asTyped = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
