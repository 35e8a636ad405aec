import type { Digest } from '../../contracts/artifact.js';
import type { Plan } from '../../contracts/plan.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { StageRecord } from '../../contracts/record.js';
import { readyStages, type CandidateStage } from '../../workflows/core/schedule.js';
import { stageLabel, type RunPlan } from './plan-store.js';

export interface PlanWalk {
  /** Records of the stages that are done, by stage id, in plan order. */
  readonly done: ReadonlyMap<string, StageRecord>;
  /** Stages whose inputs are known and whose record does not exist. */
  readonly ready: readonly CandidateStage[];
}

type Records = (key: Digest) => Promise<StageRecord | null>;

/** Follows a plan through the record store: what is done, and what could start. Stages in `exclude` are not looked up. */
export async function walkPlan(
  plan: Plan,
  artifacts: Pick<ArtifactStore, 'record'>,
  exclude: ReadonlySet<string> = new Set(),
): Promise<PlanWalk> {
  return walk(plan, (key) => artifacts.record(key), exclude);
}

async function walk(plan: Plan, records: Records, exclude: ReadonlySet<string>): Promise<PlanWalk> {
  const done = new Map<string, StageRecord>();
  const outputs = new Map<string, Record<string, Digest>>();
  const missing = new Map<string, CandidateStage>();
  for (;;) {
    const candidates = readyStages(plan, outputs, new Set([...exclude, ...done.keys(), ...missing.keys()]));
    if (candidates.length === 0) break;
    const found = await Promise.all(candidates.map((candidate) => records(candidate.key)));
    for (const [index, candidate] of candidates.entries()) {
      const record = found[index];
      if (record === null || record === undefined) missing.set(candidate.stage.id, candidate);
      else {
        done.set(candidate.stage.id, record);
        outputs.set(candidate.stage.id, outputDigests(record));
      }
    }
  }
  return {
    done: new Map(plan.stages.flatMap((stage) => (done.has(stage.id) ? [[stage.id, done.get(stage.id)!]] : []))),
    ready: [...missing.values()],
  };
}

/** The digests of a record's outputs, by name. */
export const outputDigests = (record: StageRecord): Record<string, Digest> =>
  Object.fromEntries(Object.entries(record.outputs).map(([name, ref]) => [name, ref.digest]));

/** A stage that is not done and could start, with the first plan that needs it. */
export interface WaitingStage extends CandidateStage {
  readonly label: string;
  readonly plan: Digest;
}

export interface RunWalk {
  /** Records by label: `stage`, in a sweep `variant/stage`. */
  readonly done: ReadonlyMap<string, StageRecord>;
  /** Each key once. */
  readonly ready: readonly WaitingStage[];
  /** The key of every stage whose inputs are known, by label. */
  readonly keys: ReadonlyMap<string, Digest>;
}

/** Plans of a sweep that are followed at once. */
const PLANS_AT_ONCE = 32;

/**
 * Follows every plan of a run. Keys in `held` are taken as not done without a look; after `misses` keys whose record does not
 * exist no further one is looked up, so that a wide sweep asks the store for what it can start now and not for thousands.
 */
export async function walkRun(
  plans: readonly RunPlan[],
  artifacts: Pick<ArtifactStore, 'record'>,
  options: { held?: ReadonlySet<Digest>; misses?: number } = {},
): Promise<RunWalk> {
  const { held = new Set(), misses = Infinity } = options;
  const asked = new Map<Digest, Promise<StageRecord | null>>();
  const unasked = new Set<Digest>();
  let missed = 0;
  const records: Records = (key) => {
    if (held.has(key)) return Promise.resolve(null);
    const before = asked.get(key);
    if (before !== undefined) return before;
    if (missed >= misses) {
      unasked.add(key);
      return Promise.resolve(null);
    }
    const now = artifacts.record(key).then((record) => {
      if (record === null) missed += 1;
      return record;
    });
    asked.set(key, now);
    return now;
  };
  const done = new Map<string, StageRecord>();
  const keys = new Map<string, Digest>();
  const ready = new Map<Digest, WaitingStage>();
  for (let from = 0; from < plans.length; from += PLANS_AT_ONCE) {
    const some = plans.slice(from, from + PLANS_AT_ONCE);
    const walks = await Promise.all(some.map(({ plan }) => walk(plan, records, new Set())));
    for (const [index, { variant, digest }] of some.entries()) {
      for (const [id, record] of walks[index]!.done) {
        done.set(stageLabel(variant, id), record);
        keys.set(stageLabel(variant, id), record.key);
      }
      for (const candidate of walks[index]!.ready) {
        const label = stageLabel(variant, candidate.stage.id);
        keys.set(label, candidate.key);
        if (held.has(candidate.key) || unasked.has(candidate.key) || ready.has(candidate.key)) continue;
        ready.set(candidate.key, { ...candidate, label, plan: digest });
      }
    }
  }
  return { done, ready: [...ready.values()], keys };
}
