import { defaultPayloadConverter } from '@temporalio/common';
import { amountOf, collectGarbage as collect, type Amount, type Collection } from '../activities/retention/collect.js';
import type { RetentionPolicy } from '../activities/retention/keep-runs.js';
import { KINDS, type Found } from '../activities/retention/survey.js';
import { objectKeys } from '../contracts/artifact.js';
import { PipelineInput } from '../contracts/run.js';
import { confirm } from './confirm.js';
import { bytes, columns } from './render/terminal.js';
import type { Session } from './session.js';

export interface GarbageOptions {
  readonly policy: RetentionPolicy;
  readonly graceMs: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly explain: boolean;
  readonly json: boolean;
}

/** Shows what nothing needs, and, unless it is a dry run, deletes what is due and lists the rest for a later call. */
export async function collectGarbage(session: Session, options: GarbageOptions): Promise<void> {
  const stores = await session.stores();
  const { policy, graceMs } = options;
  const task = { policy, graceMs, startedPlans: () => startedPlans(session) };
  const seen = await collect(stores, { ...task, dryRun: true });
  if (!options.json) tellSurvey(seen, options);
  const isAllowed = options.dryRun || seen.deleted.objects === 0;
  if (!isAllowed) await confirm(`delete ${amount(seen.deleted)} for good?`, options.yes);
  const done = options.dryRun ? seen : await collect(stores, task);
  if (options.json) process.stdout.write(`${JSON.stringify(documentOf(done, options))}\n`);
  else tellOutcome(done, options.dryRun);
}

/**
 * Plans of runs that Temporal has and the record store has not: no worker took them up yet. Without Temporal nobody knows them,
 * so without Temporal nothing is collected.
 */
export async function startedPlans(session: Session): Promise<string[]> {
  const [client, { objects }] = await Promise.all([session.temporal(), session.stores()]);
  const plans: string[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: "WorkflowType = 'pipeline' AND ExecutionStatus = 'Running'" })) {
    if ((await objects.head(objectKeys.run(workflowId.replace(/^run\//, '')))) !== null) continue;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    if (input !== undefined) plans.push(PipelineInput.parse(defaultPayloadConverter.fromPayload(input)).plan);
  }
  return plans;
}

const amount = ({ objects, bytes: size }: Amount): string => `${objects} ${objects === 1 ? 'object' : 'objects'}, ${bytes(size)}`;

function tellSurvey({ survey, unneeded }: Collection, { explain }: GarbageOptions): void {
  const isKept = (object: Found) => object.why !== null;
  const rows = KINDS.map((kind) => {
    const kept = amountOf(survey.found.filter((object) => object.kind === kind && isKept(object)));
    const free = unneeded[kind] ?? { objects: 0, bytes: 0 };
    return [kind, String(kept.objects), bytes(kept.bytes), String(free.objects), bytes(free.bytes)];
  });
  process.stdout.write(`${columns([['KIND', 'NEEDED', 'SIZE', 'NOT NEEDED', 'SIZE'], ...rows])}\n`);
  if (!explain) return;
  const lines = survey.found.filter(isKept).map((object) => [object.key, bytes(object.bytes), object.why ?? '']);
  process.stdout.write(`\n${columns([['KEPT', 'SIZE', 'BECAUSE'], ...lines])}\n`);
  const gone = survey.found.filter((object) => !isKept(object)).map((object) => [object.key, bytes(object.bytes)]);
  if (gone.length > 0) process.stdout.write(`\n${columns([['NOT NEEDED', 'SIZE'], ...gone])}\n`);
}

function tellOutcome({ deleted, waiting, unneeded }: Collection, dryRun: boolean): void {
  const all = Object.values(unneeded).reduce((sum, one) => ({ objects: sum.objects + one.objects, bytes: sum.bytes + one.bytes }));
  if (all.objects === 0) return void process.stderr.write('everything in the store is needed\n');
  if (dryRun) process.stderr.write(`nothing is needed of ${amount(all)}; due now: ${amount(deleted)}\n`);
  else if (deleted.objects > 0) process.stderr.write(`deleted ${amount(deleted)}\n`);
  if (waiting.dueAt !== null)
    process.stderr.write(`listed: ${amount(waiting)}; \`judo artifacts gc\` deletes them from ${waiting.dueAt} on\n`);
  else if (dryRun && deleted.objects === 0) process.stderr.write('next: judo artifacts gc lists it; a call after the grace deletes it\n');
}

function documentOf({ survey, unneeded, deleted, waiting }: Collection, { dryRun, explain }: GarbageOptions) {
  const plain = ({ key, bytes: size, kind, why }: Found) => ({ key, kind, bytes: size, ...(why === null ? {} : { why }) });
  return {
    schemaVersion: 1,
    dryRun,
    runs: Object.fromEntries(survey.runs),
    unneeded,
    deleted,
    waiting,
    ...(explain
      ? {
          kept: survey.found.filter((object) => object.why !== null).map(plain),
          notNeeded: survey.found.filter((object) => object.why === null).map(plain),
        }
      : {}),
  };
}
