import { Context } from '@temporalio/activity';
import { objectKeys } from '../../contracts/artifact.js';
import { RETRYABLE_FAILURES, StageError } from '../../contracts/failure.js';
import { hasRegressed, type Night, type NightComparison, type NightFigures, type NightlyDefinition } from '../../contracts/nightly.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { RunStatus } from '../../contracts/run.js';
import type { NightlyActivities } from '../../workflows/activity-types.js';
import { compareNights, describeDifference } from '../../workflows/core/compare-nights.js';
import { isSweep, type PlanStore } from '../stage/plan-store.js';
import { toStageFailure } from '../stage/to-stage-failure.js';
import { dueTimes, isSecondOfDate, nightRun } from './due-times.js';
import { nightFigures } from './night-figures.js';
import { createNightlyStore } from './nightly-store.js';
import { describeNotFired, graceMs, holdsBack, nightRunningAt, notFired } from './not-fired.js';
import { planDifferences, planNight } from './plan-night.js';
import { viewSchedule } from './schedule-view.js';

const BEAT_MS = 3_000;

type Judged = Pick<Night, 'figures' | 'comparison'> & { readonly problem: string | null };
const UNJUDGED: Judged = { figures: null, comparison: null, problem: null };

/** The activities of the `nightly` workflow. */
export function createNightlyActivities(deps: { artifacts: ArtifactStore; objects: ObjectStore; plans: PlanStore }): NightlyActivities {
  const store = createNightlyStore(deps.objects);

  const known = async (definition: NightlyDefinition) => {
    const schedule = await viewSchedule(Context.current().client, definition.name);
    const [nights, orders] = await Promise.all([store.nights(definition.name), store.orders(definition.name)]);
    return schedule === null ? null : { definition, nights, orders, schedule };
  };

  const runStatusOf = async (run: string): Promise<RunStatus | null> => {
    const body = await deps.objects.get(objectKeys.run(run));
    return body === null ? null : RunStatus.parse(JSON.parse(body.toString('utf8')));
  };

  /** The promoted night, else the last one before that completed without a regression. */
  const goodNight = async (night: Night): Promise<{ night: Night; promoted: boolean } | null> => {
    const promoted = await store.promoted(night.nightly);
    const named = promoted === null ? null : await store.night(night.nightly, promoted.run);
    if (named?.figures) return { night: named, promoted: true };
    const before = (await store.nights(night.nightly)).filter((one) => one.dueAt < night.dueAt && one.run !== night.run);
    const last = before.findLast((one) => one.state === 'completed' && one.figures !== null && !hasRegressed(one));
    return last === undefined ? null : { night: last, promoted: false };
  };

  const compare = async (night: Night, figures: NightFigures, { thresholds }: NightlyDefinition): Promise<NightComparison | null> => {
    const good = await goodNight(night);
    if (good === null || good.night.run === night.run || good.night.figures === null) return null;
    const [before, now] = await Promise.all(
      [good.night.run, night.run].map(async (run) => {
        const status = await runStatusOf(run);
        const plan = status === null ? null : await deps.plans.read(status.plan);
        return isSweep(plan) ? null : plan;
      }),
    );
    return {
      with: good.night.run,
      promoted: good.promoted,
      differences: compareNights(good.night.figures, figures, thresholds),
      notes: before && now ? planDifferences(before, now) : [],
    };
  };

  /** A night that cannot be judged has run all the same: its record says why. */
  const judge = async (night: Night, status: RunStatus, definition: NightlyDefinition): Promise<Judged> => {
    try {
      const figures = await nightFigures(status, deps);
      return { figures, comparison: await compare(night, figures, definition), problem: null };
    } catch (error) {
      if (error instanceof StageError && RETRYABLE_FAILURES.has(error.failure.type)) throw error;
      return { ...UNJUDGED, problem: `it could not be compared: ${error instanceof Error ? error.message : String(error)}` };
    }
  };

  return {
    async beginNight({ nightly, dueAt, startedAt }) {
      const definition = await store.requireDefinition(nightly).catch((error: unknown) => {
        throw toStageFailure(error, { stage: nightly });
      });
      const { times } = definition;
      const at = Date.parse(dueAt);
      const run = nightRun(nightly, times, at);
      const lookEveryMs = times.due.by === 'interval' ? Math.max(60_000, times.due.everyMs) : 86_400_000;
      const [filed, facts] = await Promise.all([store.night(nightly, run), known(definition)]);
      const skip = (reason: string) => ({ run, skip: reason, late: null, lookEveryMs });
      if (filed?.state === 'completed') return skip(`night ${run} is completed already`);
      const night: Night = {
        ...{ schemaVersion: 1, nightly, run, dueAt, state: 'running', reason: null, startedAt, finishedAt: null },
        ...{ counted: facts?.schedule.counted ?? null, figures: null, comparison: null },
      };
      if (isSecondOfDate(times, at)) {
        const reason = 'clocks went back over this time, and the date has had its night';
        await store.saveNight({ ...night, state: 'skipped', reason, startedAt: null });
        return skip(reason);
      }
      const reason = lateness(definition, facts, at, Date.parse(startedAt));
      await store.saveNight({ ...night, reason });
      const isMissed = reason?.startsWith('no Temporal server') ?? false;
      return { run, skip: null, late: isMissed ? `night ${run} of ${nightly}: ${reason}` : null, lookEveryMs };
    },

    async planNight({ nightly, dueAt }) {
      const { heartbeat, cancellationSignal: signal } = Context.current();
      const timer = setInterval(heartbeat, BEAT_MS);
      try {
        const plan = await planNight(await store.requireDefinition(nightly), dueAt, deps.artifacts, 'save', { signal });
        return { plan: await deps.plans.file(plan), planName: plan.name };
      } catch (error) {
        if (signal.aborted) throw signal.reason instanceof Error ? signal.reason : error;
        throw toStageFailure(error, { stage: nightly });
      } finally {
        clearInterval(timer);
      }
    },

    async closeNight({ nightly, dueAt, state, reason }) {
      const definition = await store.requireDefinition(nightly);
      const run = nightRun(nightly, definition.times, Date.parse(dueAt));
      const night = await store.night(nightly, run);
      if (night === null) return { regressed: null };
      const status = await runStatusOf(run);
      const finishedAt = status?.finishedAt ?? new Date().toISOString();
      const judged = state !== 'completed' || status === null ? UNJUDGED : await judge(night, status, definition);
      const { figures, comparison, problem } = judged;
      const why = (state === 'cancelled' ? replaced(definition, night) : null) ?? reason ?? problem ?? night.reason;
      await store.saveNight({ ...night, state, reason: why, finishedAt, figures, comparison });
      const worse = comparison?.differences.filter((difference) => difference.regressed) ?? [];
      if (comparison === null || worse.length === 0) return { regressed: null };
      const notes = comparison.notes.length === 0 ? '' : ` (${comparison.notes.join(', ')})`;
      const lines = worse.map(describeDifference).slice(0, 8).join('; ');
      return { regressed: `night ${run} is worse than ${comparison.with}${notes}: ${lines}` };
    },

    async lookForMissed({ nightly, before, sure }) {
      const definition = await store.definition(nightly);
      const facts = definition === null ? null : await known(definition);
      if (facts === null) return null;
      const isSure = (at: number) => holdsBack(facts.definition.times) && nightRunningAt(facts.nights, at) !== null;
      const found = notFired(facts, Date.parse(before), Date.now()).filter(({ dueAt }) => !sure || isSure(Date.parse(dueAt)));
      const added: Night[] = [];
      for (const night of found) if (await store.addNight(night)) added.push(night);
      return added.length === 0 ? null : describeNotFired(added);
    },
  };
}

/** Why a night was cancelled when its nightly lets a night that is due end the one before; null when none was due. */
function replaced({ name, times }: NightlyDefinition, { dueAt }: Night): string | null {
  const [next] = times.overlap === 'cancel-other' ? dueTimes(times, Date.parse(dueAt), Date.now()) : [];
  return next === undefined ? null : `it was cancelled when night ${nightRun(name, times, next)} was due (overlap cancel-other)`;
}

type Facts = Parameters<typeof notFired>[0] | null;

/** Why a night began later than it was due; null when it did not. */
function lateness({ name, times }: NightlyDefinition, facts: Facts, dueAt: number, startedAt: number): string | null {
  const late = startedAt - dueAt - times.jitterMs;
  // So much later than it was due, it was missed at its time.
  if (late < graceMs(times)) return null;
  const shown = `${Math.round(late / 1000)} s`;
  const order = facts?.orders.findLast(({ action, at }) => action === 'backfill' && Date.parse(at) > dueAt);
  if (order !== undefined && startedAt - Date.parse(order.at) < late) return `backfilled by ${order.by}`;
  const others = facts?.nights.filter((night) => night.dueAt !== new Date(dueAt).toISOString()) ?? [];
  const running = nightRunningAt(others, dueAt);
  if (running !== null && times.overlap !== 'allow') return `it waited ${shown} for night ${running.run} of ${name}`;
  return `no Temporal server ran when it was due; caught up ${shown} late`;
}
