import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { RunLive, RunStatus, StageStatus } from '../../contracts/run.js';
import { stageLabel, type PlanStore } from './plan-store.js';
import { outputDigests, walkRun } from './plan-walk.js';

/**
 * A run, stage by stage: what its workflow has in its hands, and for the rest what the record store says. A stage whose record
 * names another run was reused, whoever made it.
 */
export async function runStatus(live: RunLive, deps: { plans: PlanStore; artifacts: Pick<ArtifactStore, 'record'> }): Promise<RunStatus> {
  const plans = await deps.plans.loadAll(live.plan);
  const walk = await walkRun(plans, deps.artifacts);
  const held = new Map(live.live.map((stage) => [stage.key, stage]));
  const stages = plans.flatMap(({ variant, plan }) =>
    plan.stages.map(({ id, kind }): StageStatus => {
      const label = stageLabel(variant, id);
      const key = walk.keys.get(label) ?? null;
      const record = walk.done.get(label);
      const blank = { stage: label, kind, key, attempts: 0, startedAt: null, finishedAt: null, artifacts: {}, failure: null };
      if (record !== undefined) {
        const ran = record.run === live.run;
        return {
          ...blank,
          outcome: ran ? 'ran' : 'reused',
          artifacts: outputDigests(record),
          ...(ran ? { attempts: record.attempts, startedAt: record.startedAt, finishedAt: record.finishedAt } : {}),
        };
      }
      const stage = key === null ? undefined : held.get(key);
      if (stage !== undefined) {
        const { attempts, startedAt, finishedAt, failure, state } = stage;
        return { ...blank, outcome: state, attempts, startedAt, finishedAt, failure };
      }
      return { ...blank, key: null, outcome: live.finishedAt === null || live.state === 'cancelled' ? 'waiting' : 'skipped' };
    }),
  );
  const { run, plan, planName, state, paused, limits, keepGoing, startedAt, finishedAt, decisions } = live;
  return { schemaVersion: 1, run, plan, planName, state, paused, limits, keepGoing, startedAt, finishedAt, stages, decisions };
}
