import { Context } from '@temporalio/activity';
import type { Notifier } from '../../contracts/ports/notifier.js';
import type { NoticeActivities } from '../../workflows/activity-types.js';
import { toStageFailure } from '../stage/to-stage-failure.js';

export interface NotifyDeps {
  /** null: nobody wants to be told, and each notice is done at once. */
  readonly notifier: Notifier | null;
  /** Where a run can be looked at. */
  readonly linksOf: (run: string) => Readonly<Record<string, string>>;
}

/** The `notify` activity. A notice keeps its idempotency key over all its attempts. */
export function createNotify({ notifier, linksOf }: NotifyDeps): NoticeActivities {
  return {
    async notify(notice) {
      if (notifier === null) return;
      const { info, cancellationSignal: signal } = Context.current();
      const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
      const idempotencyKey = [workflowId, runId, info.activityId].join('/');
      try {
        await notifier.send({ ...notice, links: linksOf(notice.run) }, { idempotencyKey, signal });
      } catch (error) {
        throw toStageFailure(error, { stage: `notice of ${notice.run}` });
      }
    },
  };
}
