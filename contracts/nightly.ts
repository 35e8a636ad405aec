import { z } from 'zod';
import { Figure } from './report-summary.js';

/** A nightly's name is part of object keys, of run names and of what people type. */
export const NIGHTLY_NAME = /^[a-z0-9][a-z0-9-]{0,59}$/;

/** What happens when a night is due and the one before still runs. */
export const NIGHT_OVERLAPS = ['skip', 'buffer-one', 'allow', 'cancel-other'] as const;

/** When the nights are due. */
export const NightTimes = z.strictObject({
  /** Once a day at a clock time (`02:00`) of a time zone, or every so many milliseconds of UTC. */
  due: z.discriminatedUnion('by', [
    z.strictObject({ by: z.literal('clock'), at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/), timezone: z.string() }),
    z.strictObject({ by: z.literal('interval'), everyMs: z.int().min(1000) }),
  ]),
  /** A night starts at random up to so much later. */
  jitterMs: z.int().nonnegative(),
  /** A night that was missed because no server ran is started at most so much later. */
  catchupMs: z.int().min(10_000),
  overlap: z.enum(NIGHT_OVERLAPS),
});
export type NightTimes = z.infer<typeof NightTimes>;

/** When a difference from the last good night is a regression. */
export const NightThresholds = z.strictObject({
  /** A metric: more than so many points lower, and the 95 % interval of the difference wholly below zero. */
  points: z.number().nonnegative(),
  /** Duration and cost: more than so many percent higher. */
  percent: z.number().nonnegative(),
});
export type NightThresholds = z.infer<typeof NightThresholds>;

/** `v1/nightlies/<name>.json`: what the schedule's workflow runs, resolved anew each night on the worker. */
export const NightlyDefinition = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().regex(NIGHTLY_NAME),
  /** The recipe as it was when the nightly was made, with its file's name for messages. */
  recipe: z.strictObject({ file: z.string(), text: z.string() }),
  /** The dataset's folder, as the worker sees it. */
  dataRoot: z.string(),
  sets: z.array(z.string()),
  /** What a person types to get a night's plan by hand. */
  command: z.string(),
  freshTeacher: z.boolean(),
  times: NightTimes,
  thresholds: NightThresholds,
  /** Since when these times hold: no earlier night was due by them. */
  timesSince: z.iso.datetime(),
});
export type NightlyDefinition = z.infer<typeof NightlyDefinition>;

/** What somebody did to a nightly: it explains nights that did not fire. */
export const NightlyOrder = z.strictObject({
  at: z.iso.datetime(),
  by: z.string(),
  action: z.enum(['create', 'update', 'pause', 'resume', 'trigger', 'backfill', 'promote']),
  note: z.string().nullable(),
});
export type NightlyOrder = z.infer<typeof NightlyOrder>;

/** What a night is judged by. */
export const NightFigures = z.strictObject({
  /** `policy, images: column` -> accuracy in percent with its interval. Empty without a report stage. */
  metrics: z.record(z.string(), Figure),
  seconds: z.number().nonnegative(),
  gpuHours: z.number().nonnegative(),
  usd: z.number().nonnegative(),
});
export type NightFigures = z.infer<typeof NightFigures>;

/** One line of a comparison. `low` and `high`: the 95 % interval of the difference; null where none is known. */
export const NightDifference = z.strictObject({
  what: z.string(),
  unit: z.enum(['points', 's', 'GPU h', 'USD']),
  before: z.number().nullable(),
  now: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  regressed: z.boolean(),
});
export type NightDifference = z.infer<typeof NightDifference>;

/** A night beside the last good one. */
export const NightComparison = z.strictObject({
  with: z.string(),
  /** Somebody named that run the good one; else it is the last night that completed without a regression. */
  promoted: z.boolean(),
  differences: z.array(NightDifference),
  /** What makes the two hard to compare: another recipe, other data. */
  notes: z.array(z.string()),
});
export type NightComparison = z.infer<typeof NightComparison>;

/** `v1/nightlies/<name>/nights/<run>.json`: a night, whether it ran or not. */
export const Night = z.strictObject({
  schemaVersion: z.literal(1),
  nightly: z.string(),
  /** The name of its run; of a missed or skipped night the name it would have had. */
  run: z.string(),
  dueAt: z.iso.datetime(),
  state: z.enum(['running', 'completed', 'failed', 'cancelled', 'missed', 'skipped']),
  /** Why it did not fire, fired late, or failed. */
  reason: z.string().nullable(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  /** What the schedule had counted when the night began. */
  counted: z.strictObject({ missed: z.int(), skipped: z.int() }).nullable(),
  figures: NightFigures.nullable(),
  comparison: NightComparison.nullable(),
});
export type Night = z.infer<typeof Night>;

/** `v1/nightlies/<name>/good.json`: the run that every night is compared with. */
export const PromotedNight = z.strictObject({ run: z.string(), at: z.iso.datetime(), by: z.string() });
export type PromotedNight = z.infer<typeof PromotedNight>;

/** Whether a comparison found something worse than it may be. */
export const hasRegressed = (night: Pick<Night, 'comparison'>): boolean =>
  night.comparison?.differences.some((difference) => difference.regressed) ?? false;
