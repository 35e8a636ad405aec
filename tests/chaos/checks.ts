import { Client, Connection } from '@temporalio/client';
import type { stage } from '../../workflows/stage.js';
import type { RunDocument, StackHome } from '../slow/stack-home.js';
import type { Fault } from './faults.js';
import type { TeacherDoor } from './teacher-door.js';

export interface Outcome {
  readonly home: StackHome;
  readonly door: TeacherDoor;
  /** Each sweep's document, disturbed and undisturbed. */
  readonly documents: ReadonlyMap<string, RunDocument>;
  readonly expected: ReadonlyMap<string, RunDocument>;
  /** Every fault, with when it was over. Only a killed worker loses an answer: one that ends in order files what is on the wire first. */
  readonly struckAt: readonly { readonly at: number; readonly fault: Pick<Fault, 'name' | 'killsTeacherWorker'> }[];
}

/** An answer that came so shortly before a worker was killed may not have been read by it: it is asked for again. */
const ON_ITS_WAY_MS = 2_000;
/** Faults this near are told with a payment that nothing excuses. */
const AROUND_MS = 20_000;

/** Checks what must hold after any faults; prints each check, then `N passed, N failed`. Resolves to the exit code. */
export async function checkOutcome(outcome: Outcome, say: (line: string) => void): Promise<number> {
  let passed = 0;
  let failed = 0;
  const check = (what: string, problems: readonly string[]) => {
    if (problems.length === 0) passed += 1;
    else failed += 1;
    say(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${what}: ${problems.length}`);
    for (const problem of problems.slice(0, 10)) say(`        ${problem}`);
  };
  const { home, documents, expected } = outcome;
  const runs = [...documents];
  check(
    'runs that did not complete',
    runs.flatMap(([name, { state }]) => (state === 'completed' ? [] : [`${name} is ${state}`])),
  );
  check(
    'stages that made something else than undisturbed',
    runs.flatMap(([name, run]) => differing(name, run, expected.get(name))),
  );
  check('stages executed twice', await executedTwice(outcome));
  check('answers paid twice although filed', paidTwice(outcome));
  check('attempts left half made on the disk', home.attempts());
  const verified = await home.judo('artifacts', 'verify');
  check('objects that are not what their name says', verified.code === 0 ? [] : [verified.stdout + verified.stderr]);
  check(
    'training processes that nobody waits for',
    home.processes().flatMap(({ pid, command }) => (command.includes('fake_trainer') ? [`${pid} ${command.slice(0, 100)}`] : [])),
  );
  await home.down();
  check(
    'processes left after `judo down`',
    home.processes().map(({ pid, command }) => `${pid} ${command.slice(0, 100)}`),
  );
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function differing(name: string, run: RunDocument, expected: RunDocument | undefined): string[] {
  if (expected === undefined) return [`${name} has no undisturbed run to compare with`];
  const wanted = new Map(expected.stages.map((stage) => [stage.stage, whatItMade(stage)]));
  return run.stages.flatMap((stage) => (wanted.get(stage.stage) === whatItMade(stage) ? [] : [`${name}: ${stage.stage}`]));
}

/** The key and the digests of the outputs. A report tells times, so that its bytes differ: its key says what it was made from. */
function whatItMade({ stage, key, artifacts }: RunDocument['stages'][number]): string {
  const outputs = stage.endsWith('/report') ? [] : Object.entries(artifacts).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([key, outputs]);
}

/** Stage workflows of one key that ended with "ran" more than once; one that found the record says "reused". */
async function executedTwice({ home }: Outcome): Promise<string[]> {
  const address = home.stack().temporal?.address ?? '';
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const ends = new Map<string, string[]>();
    for await (const { workflowId, runId } of client.workflow.list({ query: "WorkflowType = 'stage' AND ExecutionStatus = 'Completed'" }))
      ends.set(workflowId, [...(ends.get(workflowId) ?? []), runId]);
    if (ends.size === 0) throw new Error('Temporal lists no stage: there is nothing to check');
    const repeated = [...ends].filter(([, runIds]) => runIds.length > 1);
    const outcomes = await Promise.all(
      repeated.map(async ([workflowId, runIds]) => {
        const results = await Promise.all(runIds.map((runId) => client.workflow.getHandle<typeof stage>(workflowId, runId).result()));
        return { workflowId, ran: results.filter(({ outcome }) => outcome === 'ran').length };
      }),
    );
    return outcomes.flatMap(({ workflowId, ran }) => (ran > 1 ? [`${workflowId} ran ${ran} times`] : []));
  } finally {
    await connection.close();
  }
}

function paidTwice({ door, struckAt }: Outcome): string[] {
  const killed = struckAt.filter(({ fault }) => fault.killsTeacherWorker);
  return [...door.answered()].flatMap(([hash, times]) =>
    times.slice(0, -1).flatMap((time) => {
      if (killed.some(({ at }) => Math.abs(at - time) < ON_ITS_WAY_MS)) return [];
      const around = struckAt.filter(({ at }) => Math.abs(at - time) < AROUND_MS);
      const told = around.map(({ at, fault }) => `${fault.name} ${((at - time) / 1000).toFixed(1)} s`).join(', ');
      return [`${hash.slice(0, 12)} was answered ${times.length} times, and no worker was killed then; around it: ${told}`];
    }),
  );
}
