import type { Digest } from '../../contracts/artifact.js';
import type { StageRecord } from '../../contracts/record.js';
import { canonicalJson } from './canonical-json.js';

/** What a key is made of, of a stage that is not done as of one that is. */
export interface KeyParts {
  readonly kind: string;
  readonly implementationVersion: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Digest>>;
}

/** One field in which two keys differ. `null`: that side has no such field. */
export interface KeyDifference {
  /** `params.learningRate`, `inputs.policy`, `implementation`, `forced`. */
  readonly field: string;
  readonly was: unknown;
  readonly now: unknown;
}

/** Every field in which a stage's key differs from an earlier record's; `forced` when they differ in nothing else. */
export function differences(now: KeyParts, earlier: KeyParts): KeyDifference[] {
  const found: KeyDifference[] = [];
  if (now.implementationVersion !== earlier.implementationVersion)
    found.push({ field: 'implementation', was: earlier.implementationVersion, now: now.implementationVersion });
  compare('params', earlier.params, now.params, found);
  compare('inputs', earlier.inputs, now.inputs, found);
  return found.length > 0 ? found : [{ field: 'forced', was: null, now: true }];
}

function compare(path: string, was: unknown, now: unknown, found: KeyDifference[]): void {
  if (isObject(was) && isObject(now)) {
    for (const key of new Set([...Object.keys(was), ...Object.keys(now)])) compare(`${path}.${key}`, was[key], now[key], found);
    return;
  }
  if (was === now || canonicalJson(was ?? null) === canonicalJson(now ?? null)) return;
  found.push({ field: path, was: was ?? null, now: now ?? null });
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The earlier record that is most like a stage: of its kind, fewest fields that differ, then the newest. */
export function nearestRecord(now: KeyParts, earlier: readonly StageRecord[]): StageRecord | undefined {
  const ranked = earlier
    .filter((record) => record.kind === now.kind)
    .map((record) => ({ record, count: differences(now, record).length }))
    .sort((a, b) => a.count - b.count || Date.parse(b.record.finishedAt) - Date.parse(a.record.finishedAt));
  return ranked[0]?.record;
}

/** A difference in words: `learningRate 1e-6 -> 2e-6`, `input policy changed`, `implementation 3 -> 4`, `forced`. */
export function describeDifference({ field, was, now }: KeyDifference): string {
  if (field === 'forced') return 'forced';
  if (field.startsWith('inputs.')) {
    const port = field.slice('inputs.'.length);
    return was === null ? `input ${port} is new` : now === null ? `input ${port} is gone` : `input ${port} changed`;
  }
  const name = field.replace(/^params\./, '');
  if (name === 'salt') return now === '' ? 'not of a night' : `of the night ${String(now)}`;
  return `${name} ${shown(was)} -> ${shown(now)}`;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 60);
