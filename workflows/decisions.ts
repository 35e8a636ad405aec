import { patched, proxyLocalActivities, setHandler, uuid4 } from '@temporalio/workflow';
import type { StageKind } from '../contracts/stages/stage-kind.js';
import type { LiveStage } from '../contracts/run.js';
import { profiles } from '../temporal.config.js';
import type { PipelineActivities } from './activity-types.js';
import { whoResolved } from './core/describe-run.js';
import { assignPatches } from './core/edit-plan.js';
import { amendPlanUpdate, pauseRunUpdate, resolveStageUpdate, type ResolveOrder } from './messages.js';
import { decide, inState, type RunHand } from './run-hand.js';

const { deployedPlan, editPlan } = proxyLocalActivities<PipelineActivities>(profiles.pipeline);

const now = (): string => new Date().toISOString();

/** People's decisions on a run. A validator refuses what does not fit, at once and with the reason; nothing is in history then. */
export function handleDecisions(hand: RunHand, kinds: Readonly<Record<string, StageKind>>): void {
  setHandler(resolveStageUpdate, (order) => resolveStages(hand, order), {
    validator: (order) => checkPatches(order, targets(hand, order), kinds),
  });
  setHandler(
    pauseRunUpdate,
    ({ paused, limits, ...signature }) => {
      hand.paused = paused;
      if (limits !== undefined) hand.limits = { ...hand.limits, ...limits };
      decide(hand, now(), signature, { action: paused ? 'pause' : 'resume' });
    },
    {
      validator: ({ paused, limits }) => {
        if (paused === hand.paused && limits === undefined)
          throw new Error(`run ${hand.run} is ${paused ? 'already paused' : 'not paused'}`);
      },
    },
  );
  setHandler(
    amendPlanUpdate,
    ({ plan, from: _, ...signature }) => {
      hand.plan = plan;
      hand.review = true;
      decide(hand, now(), signature, { action: 'amend' });
    },
    {
      validator: ({ from }) => {
        if (from !== hand.plan) throw new Error(`the plan of run ${hand.run} was changed meanwhile; look again and repeat`);
      },
    },
  );
}

/** The blocked stages that an order means. Throws when there is none, or another person is at it. */
function targets(hand: RunHand, { stages }: ResolveOrder): LiveStage[] {
  const blocked = inState(hand, 'blocked');
  const wanted = stages === null ? blocked : stages.map((name) => find(hand, name, blocked));
  if (wanted.length === 0 && hand.lost === null)
    throw new Error(`no stage of run ${hand.run} is blocked${whoResolved(hand.decisions, null)}`);
  for (const { key, stage } of wanted) {
    const by = hand.resolving.get(key);
    if (by !== undefined) throw new Error(`${by} is resolving stage ${stage} right now`);
  }
  return wanted;
}

function find(hand: RunHand, name: string, blocked: readonly LiveStage[]): LiveStage {
  const stage = blocked.find((one) => one.stage === name);
  if (stage !== undefined) return stage;
  const list = blocked.length === 0 ? 'no stage is blocked' : `blocked: ${blocked.map((one) => one.stage).join(', ')}`;
  const other = [...hand.live.values()].find((one) => one.stage === name);
  throw new Error(`stage ${name} of run ${hand.run} is ${other?.state ?? 'not blocked'}${whoResolved(hand.decisions, name)}; ${list}`);
}

function checkPatches(
  { action, patch, force }: ResolveOrder,
  wanted: readonly LiveStage[],
  kinds: Readonly<Record<string, StageKind>>,
): void {
  if (wanted.length === 0 && action === 'abort') throw new Error('no stage is blocked: cancel the run instead (judo cancel)');
  if (action === 'abort' && (patch.length > 0 || force.length > 0)) throw new Error('a stage that is given up takes no change');
  assignPatches(wanted, patch, kinds);
}

async function resolveStages(hand: RunHand, order: ResolveOrder): Promise<{ stages: string[] }> {
  const wanted = targets(hand, order);
  const stages = wanted.map((one) => one.stage);
  const { action, patch, force } = order;
  if (action === 'abort') {
    for (const one of wanted) hand.live.set(one.key, { ...one, state: 'failed' });
  } else {
    for (const one of wanted) hand.resolving.set(one.key, order.by);
    try {
      if (patched('retry-on-deployed-code')) await takeDeployedCode(hand);
      if (patch.length > 0 || force.length > 0) {
        hand.plan = await editPlan({ plan: hand.plan, edit: { stages, patch, force, nonce: `${hand.run} ${uuid4()}` } });
        hand.review = true;
      }
      // As if it had never been asked for: `advance` names it ready again, under its old key or its new one.
      for (const one of wanted) hand.live.delete(one.key);
    } finally {
      for (const one of wanted) hand.resolving.delete(one.key);
    }
  }
  decide(hand, now(), order, { action, stages, patch: [...patch], force: [...force] });
  return { stages };
}

/** What is retried, and what comes after it, is made by the code that is deployed now: the block may be what it mends. */
async function takeDeployedCode(hand: RunHand): Promise<void> {
  const running = inState(hand, 'running').map(({ key }) => key);
  const plan = await deployedPlan({ plan: hand.plan, running });
  if (plan === hand.plan) return;
  hand.plan = plan;
  hand.review = true;
}
