import type { ConformanceCase } from './case-file.js';
import { isEqual } from './compare.js';
import type { Outcome } from './outcome.js';

/** Verdict on one case: why it failed, or null. */
export interface Verdict {
  readonly id: string;
  readonly suite: string;
  readonly failure: string | null;
}

/** A case passes when some implementation knows its suite and profile, and every one that does gives what is expected. */
export function judge(expectation: ConformanceCase, outcomes: Readonly<Record<string, Outcome>>): Verdict {
  const { id, suite, profile, expected, tolerance } = expectation;
  const named = Object.entries(outcomes);
  const answers = named.filter(([, outcome]) => !('unknown' in outcome));
  if (answers.length === 0) {
    const knownSuite = named.some(([, outcome]) => 'unknown' in outcome && outcome.unknown === 'profile');
    return { id, suite, failure: knownSuite ? `unknown profile "${profile}" of suite ${suite}` : `unknown suite "${suite}"` };
  }
  const faults = answers.flatMap(([language, outcome]) => {
    if ('error' in outcome) return [`${language}: expected ${JSON.stringify(expected)}, failed: ${outcome.error}`];
    if ('got' in outcome && isEqual(expected, outcome.got, tolerance)) return [];
    return [`${language}: expected ${JSON.stringify(expected)}, got ${JSON.stringify('got' in outcome ? outcome.got : null)}`];
  });
  return { id, suite, failure: faults.length > 0 ? faults.join('; ') : null };
}

/** Lines of the report: each failure, a line a suite, and the sum. */
export function reportLines(verdicts: readonly Verdict[]): string[] {
  const sum = (list: readonly Verdict[]) => {
    const failed = list.filter(({ failure }) => failure !== null).length;
    return `${list.length - failed} passed, ${failed} failed`;
  };
  const suites = [...new Set(verdicts.map(({ suite }) => suite))];
  return [
    ...verdicts.filter(({ failure }) => failure !== null).map(({ id, suite, failure }) => `FAIL ${suite} ${id}: ${failure}`),
    ...suites.map((suite) => `${suite}  ${sum(verdicts.filter((verdict) => verdict.suite === suite))}`),
    sum(verdicts),
  ];
}
