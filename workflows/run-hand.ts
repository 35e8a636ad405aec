import type { Digest } from '../contracts/artifact.js';
import type { Advance, Decision, LiveStage, PipelineInput, RunLimits, RunLive, RunState } from '../contracts/run.js';
import type { Signature, StageSettled } from './messages.js';

/** What a run's workflow has in its hands: everything that is not in the record store, and nothing else. */
export interface RunHand {
  readonly run: string;
  readonly planName: string;
  readonly startedAt: string;
  readonly keepGoing: boolean;
  plan: Digest;
  paused: boolean;
  limits: RunLimits;
  /** Stages that run, are blocked or were given up, by key. */
  readonly live: Map<Digest, LiveStage>;
  /** Ends of stages that were told and not yet looked at. */
  readonly settled: StageSettled[];
  readonly decisions: Decision[];
  /** Blocked stages whose retry is being prepared, with who prepares it. */
  readonly resolving: Map<Digest, string>;
  /** Counts what a person changed, so that the loop wakes. */
  changes: number;
  /** The plan changed: stages in flight may no longer be needed. */
  review: boolean;
  /** The loop is looking for what can start: a run is blocked only when it has found nothing. */
  looking: boolean;
  /** Why the record store could not be asked just now; null when it could. */
  lost: string | null;
  known: Pick<Advance, 'done' | 'total' | 'doneStages'>;
}

/** The hand of a new run, or that of the execution before this one. */
export function openHand(input: PipelineInput, startedAt: string): RunHand {
  const { carried } = input;
  return {
    run: input.run,
    planName: input.planName,
    startedAt: carried?.startedAt ?? startedAt,
    keepGoing: input.keepGoing ?? true,
    plan: input.plan,
    paused: carried?.paused ?? false,
    limits: input.limits ?? {},
    live: new Map((carried?.live ?? []).map((stage) => [stage.key, stage])),
    settled: [],
    decisions: [...(carried?.decisions ?? [])],
    resolving: new Map(),
    changes: 0,
    review: false,
    looking: true,
    lost: null,
    known: { done: 0, total: 0, doneStages: [] },
  };
}

/** The stages in one state. */
export const inState = (hand: RunHand, state: LiveStage['state']): LiveStage[] =>
  [...hand.live.values()].filter((stage) => stage.state === state);

/** What the workflow answers, files, and carries into its next execution. */
export function viewOf(hand: RunHand, ended?: { state: RunState; at: string }): RunLive {
  const needsSomebody = hand.lost !== null || inState(hand, 'blocked').length > 0;
  const isBlocked = !hand.looking && needsSomebody && inState(hand, 'running').length === 0;
  return {
    run: hand.run,
    plan: hand.plan,
    planName: hand.planName,
    state: ended?.state ?? (isBlocked ? 'blocked' : 'running'),
    paused: hand.paused,
    limits: hand.limits,
    keepGoing: hand.keepGoing,
    startedAt: hand.startedAt,
    finishedAt: ended?.at ?? null,
    live: [...hand.live.values()],
    decisions: hand.decisions,
    ...(hand.lost === null ? {} : { lost: hand.lost }),
  };
}

/** Writes a decision down. */
export function decide(
  hand: RunHand,
  at: string,
  { by, reason }: Signature,
  what: Pick<Decision, 'action'> & Partial<Pick<Decision, 'stages' | 'patch' | 'force'>>,
): void {
  hand.decisions.push({ at, by, reason, stages: [], patch: [], force: [], ...what });
  hand.changes += 1;
}

/** What the next execution is given. Log tails stay with the stages' own workflows. */
export function carryOn(hand: RunHand): RunLive {
  const view = viewOf(hand);
  const brief = ({ failure, ...stage }: LiveStage): LiveStage => {
    if (failure === null) return { ...stage, failure };
    const { logTail: _, ...rest } = failure;
    return { ...stage, failure: rest };
  };
  return { ...view, live: view.live.map(brief) };
}
