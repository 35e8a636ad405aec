import { StageError } from '../../contracts/failure.js';

const MAX_KEY_BYTES = 1024; // S3's limit
const MAX_SEGMENT_BYTES = 255; // a segment is a file name in versitygw and in the file-system store

const RULES: readonly (readonly [problem: string, isBroken: (key: string) => boolean])[] = [
  [`is longer than ${MAX_KEY_BYTES} bytes`, (key) => Buffer.byteLength(key) > MAX_KEY_BYTES],
  ['has an empty, `.` or `..` segment', (key) => key.split('/').some((s) => s === '' || s === '.' || s === '..')],
  [`has a segment longer than ${MAX_SEGMENT_BYTES} bytes`, (key) => key.split('/').some((s) => Buffer.byteLength(s) > MAX_SEGMENT_BYTES)],
  ['holds a control character or a backslash', (key) => /[\p{Cc}\\]/u.test(key)],
  ['holds half a surrogate pair', (key) => /\p{Cs}/u.test(key)],
];

/** Refuses keys that some store could not keep: one rule for all, so that a key which works in a test works in S3. */
export function assertObjectKey(key: string): void {
  const broken = RULES.find(([, isBroken]) => isBroken(key));
  if (!broken) return;
  throw new StageError({
    type: 'InvalidSpec',
    message: `object key ${JSON.stringify(key)} ${broken[0]}`,
    remedy: 'Use `/`-separated names without these; contracts/artifact.ts `objectKeys` builds every key of the pipeline.',
  });
}
