import { randomUUID } from 'node:crypto';
import { createS3ObjectStore } from '../../adapters/object-store/s3.js';
import type { Settings } from '../../infra/settings.js';
import type { Check, Verdict } from './check.js';

/** S3 refuses requests whose clock is 15 minutes off. */
const SKEW_FAIL_S = 15 * 60;
const SKEW_WARN_S = 60;

/** Checks of the bucket: write, read, delete; and that both clocks agree. */
export function s3Checks({ s3 }: Settings): Check[] {
  const remedy = '`judo up` starts the S3 server of this machine; JUDO_S3_ENDPOINT, JUDO_S3_BUCKET and AWS variables name another';
  return [
    { name: 'bucket', remedy, look: () => roundTrip(s3) },
    { name: 'clock', remedy, look: () => clock(s3) },
  ];
}

async function roundTrip(s3: Settings['s3']): Promise<Verdict> {
  const store = createS3ObjectStore(s3);
  const key = `v1/doctor/${randomUUID()}`;
  await store.put(key, key);
  const read = (await store.get(key))?.toString();
  await store.delete(key);
  if (read !== key) return { fail: `${store.description}: read ${read ?? 'nothing'} where ${key} was written` };
  return { ok: `wrote, read and deleted an object in ${store.description}` };
}

async function clock({ endpoint, region }: Settings['s3']): Promise<Verdict> {
  const asked = Date.now();
  const url = endpoint ?? `https://s3.${region ?? 'us-east-1'}.amazonaws.com`;
  const date = (await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(5000) })).headers.get('date');
  return date === null
    ? { warn: `${url} sends no Date`, remedy: 'none needed, if requests succeed' }
    : skew(new Date(date).getTime(), asked, Date.now());
}

/** What the server's clock (whole seconds), read between two of ours, says. */
export function skew(server: number, before: number, after: number): Verdict {
  const seconds = Math.max(0, before - server - 1000, server - after) / 1000;
  const detail = seconds === 0 ? 'agrees with the S3 server’s' : `${Math.round(seconds)} s off the S3 server’s`;
  const remedy = 'set this machine’s clock (timedatectl set-ntp true)';
  if (seconds >= SKEW_FAIL_S) return { fail: detail, remedy };
  return seconds >= SKEW_WARN_S ? { warn: detail, remedy } : { ok: detail };
}
