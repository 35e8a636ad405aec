/** Whether two JSON values are equal, numbers within an absolute tolerance. */
export function isEqual(expected: unknown, got: unknown, tolerance: number): boolean {
  if (typeof expected === 'number' && typeof got === 'number') return Math.abs(expected - got) <= tolerance;
  if (Array.isArray(expected) || Array.isArray(got)) {
    return (
      Array.isArray(expected) &&
      Array.isArray(got) &&
      expected.length === got.length &&
      expected.every((value, i) => isEqual(value, got[i], tolerance))
    );
  }
  if (isRecord(expected) && isRecord(got)) {
    const names = new Set([...Object.keys(expected), ...Object.keys(got)]);
    return [...names].every((name) => name in expected && name in got && isEqual(expected[name], got[name], tolerance));
  }
  return expected === got;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
