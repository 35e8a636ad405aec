import { readTag } from '../activities/retention/tags.js';
import { objectKeys } from '../contracts/artifact.js';
import { nearest } from '../workflows/core/nearest.js';
import { runWorkflowId } from '../workflows/messages.js';
import { CliError, EXIT } from './exit-codes.js';
import { listRuns } from './list-runs.js';
import type { Session } from './session.js';

/** What a run may be called: it is part of object keys, of file names, and of what people type. */
export const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Refuses a name that no run can have. */
export function checkRunName(name: string): void {
  if (RUN_NAME.test(name)) return;
  throw new CliError(
    EXIT.usage,
    `"${name}" cannot name a run`,
    'Use letters, digits, `.`, `_` and `-`, a letter or digit first, 100 characters at most.',
  );
}

/** How far back a mistyped name is looked for. */
const RUNS_LOOKED_AT = 500;
const RUNS = objectKeys.run('x').replace(/x\/.*$/, '');

/**
 * The run that somebody means: by its name, by a tag (`@good`), or by the beginning of one run's name (`exact` refuses that, for what cannot be
 * undone). Otherwise the error names those that begin so, or the nearest one.
 */
export async function findRun(session: Session, word: string, { exact = false } = {}): Promise<string> {
  const { objects } = await session.stores();
  if (word.startsWith('@')) return (await readTag(objects, word.slice(1))).run;
  const isName = RUN_NAME.test(word);
  if (isName && (await objects.head(objectKeys.run(word))) !== null) return word;
  if (isName && (await isKnownToTemporal(session, word))) return word;
  const known = (await listRuns(session, RUNS_LOOKED_AT)).map(({ run }) => run);
  const filed = isName ? await filedRuns(session, word) : [];
  const matches = [...new Set([...known, ...filed])].filter((run) => run.startsWith(word));
  if (matches.length === 1 && !exact) {
    process.stderr.write(`run ${matches[0]}\n`);
    return matches[0]!;
  }
  throw notFound(word, matches, known);
}

function notFound(word: string, matches: readonly string[], known: readonly string[]): CliError {
  const missing = `there is no run "${word}"`;
  if (matches.length > 0) {
    const shown = matches.slice(0, 5).join(', ');
    return new CliError(
      EXIT.notFound,
      `${missing}; ${matches.length === 1 ? 'one begins so' : `${matches.length} begin so`}: ${shown}${matches.length > 5 ? ', ...' : ''}`,
      'Give the whole name, or more of it: `judo runs` lists them.',
    );
  }
  if (known.length === 0)
    return new CliError(
      EXIT.notFound,
      `${missing}: there are no runs yet`,
      'Start one: judo quickstart, or judo run recipes/judo-tiny.yaml --data PATH',
    );
  const near = nearest(word, known);
  return new CliError(EXIT.notFound, near === undefined ? missing : `${missing}; did you mean "${near}"?`, '`judo runs` lists them.');
}

async function isKnownToTemporal(session: Session, run: string): Promise<boolean> {
  const client = await session.temporal();
  try {
    await client.workflow.getHandle(runWorkflowId(run)).describe();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}

/** Runs whose record begins so: they outlive Temporal's retention. */
async function filedRuns(session: Session, beginning: string): Promise<string[]> {
  const { objects } = await session.stores();
  const found = new Set<string>();
  for await (const { key } of objects.list(RUNS + beginning)) found.add(key.slice(RUNS.length).split('/')[0]!);
  return [...found];
}
