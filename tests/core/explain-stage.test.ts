import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StageRecord } from '../../contracts/record.js';
import { estimator } from '../../workflows/core/estimate.js';
import { describeDifference, differences, nearestRecord, type KeyParts } from '../../workflows/core/explain-stage.js';
import { stageKey } from '../../workflows/core/stage-key.js';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const BASE: KeyParts = {
  kind: 'grpo',
  implementationVersion: 3,
  params: { learningRate: 1e-6, weights: { domain: 1 } },
  inputs: { policy: A },
};

function recordOf(parts: KeyParts, changes: Partial<StageRecord> = {}): StageRecord {
  return {
    ...{
      schemaVersion: 1,
      key: stageKey({ ...parts, params: { ...parts.params } }, parts.inputs),
      stage: parts.kind,
      outputs: {},
      summary: {},
    },
    ...{
      standIns: [],
      run: 'earlier',
      startedAt: '2026-11-01T00:00:00Z',
      finishedAt: '2026-11-01T00:10:00Z',
      attempts: 1,
      environment: {},
    },
    ...{ kind: parts.kind, implementationVersion: parts.implementationVersion, params: { ...parts.params }, inputs: { ...parts.inputs } },
    ...changes,
  };
}

describe('the difference of two keys', () => {
  const words = (now: KeyParts) => differences(now, BASE).map(describeDifference);

  test('names the exact field, with both values', () => {
    expect(words({ ...BASE, params: { ...BASE.params, learningRate: 2e-6 } })).toEqual(['learningRate 0.000001 -> 0.000002']);
    expect(words({ ...BASE, params: { ...BASE.params, weights: { domain: 0 } } })).toEqual(['weights.domain 1 -> 0']);
    expect(words({ ...BASE, implementationVersion: 4 })).toEqual(['implementation 3 -> 4']);
    expect(words({ ...BASE, inputs: { policy: B } })).toEqual(['input policy changed']);
    expect(words({ ...BASE, inputs: {} })).toEqual(['input policy is gone']);
    expect(words(BASE)).toEqual(['forced']);
  });

  test('is told exactly when the keys differ', () => {
    const parts = fc.record({
      kind: fc.constant('grpo'),
      implementationVersion: fc.integer({ min: 1, max: 2 }),
      params: fc.record({ x: fc.integer({ min: 0, max: 1 }), list: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }) }),
      inputs: fc.record({ policy: fc.constantFrom(A, B) }),
    });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const isForced = differences(one, other).some(({ field }) => field === 'forced');
        expect(isForced).toBe(stageKey(one, one.inputs) === stageKey(other, other.inputs));
      }),
    );
  });
});

test('the nearest record is of the same kind and differs in the fewest fields; of equals, the newest', () => {
  const near = recordOf({ ...BASE, params: { ...BASE.params, learningRate: 5 } });
  const newer = recordOf({ ...BASE, params: { ...BASE.params, learningRate: 6 } }, { finishedAt: '2026-11-02T00:00:00Z' });
  const far = recordOf({ ...BASE, implementationVersion: 1, inputs: { policy: B } }, { finishedAt: '2026-11-03T00:00:00Z' });
  const other = recordOf({ ...BASE, kind: 'seg-jux' });
  expect(nearestRecord(BASE, [other, far, near, newer])).toBe(newer);
  expect(nearestRecord(BASE, [other])).toBeUndefined();
});

test('an estimate is the median of the newest records of the kind; an unknown price stays unknown', () => {
  const minutes = (n: number, changes: Partial<StageRecord> = {}) =>
    recordOf(BASE, { finishedAt: new Date(Date.parse('2026-11-01T00:00:00Z') + n * 60_000).toISOString(), ...changes });
  expect(estimator([minutes(10), minutes(20), minutes(60)])('grpo', 4)).toEqual({ seconds: 1200, gpuHours: 4 / 3, usd: 0, from: 3 });
  expect(estimator([minutes(10)])('seg-jux', 4)).toBeNull();
  const teacher = { model: 'm', paidCalls: 1, filedCalls: 0, inputTokens: 1, outputTokens: 1, usd: null, refused: 0, truncated: 0 };
  expect(estimator([minutes(10, { teacher })])('grpo', 0)?.usd).toBeNull();
  expect(estimator([minutes(10, { teacher: { ...teacher, usd: 3 } })])('grpo', 0)?.usd).toBe(3);
});
