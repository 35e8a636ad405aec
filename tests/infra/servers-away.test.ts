import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { checkoutRoot } from '../../infra/checkout.js';
import { freePort, startTestS3, type TestS3 } from '../support/s3.js';

/** The real command against servers that are away or refuse it. Nothing may hang, and every message says what to do. */
const home = mkdtempSync(join(tmpdir(), 'judo-away-'));
let s3: TestS3;
let nobody: number;
let plant: string;

async function judo(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = {
    PATH: process.env['PATH'],
    HOME: homedir(),
    JUDO_HOME: home,
    TEMPORAL_CONFIG_FILE: join(home, 'none.toml'),
    ...environment,
  };
  const child = spawn(process.execPath, [join(checkoutRoot(), 'dist', 'cli', 'bin.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

beforeAll(async () => {
  s3 = await startTestS3();
  nobody = await freePort();
  plant = join(home, 'plant');
  expect(await judo(['data', 'demo', plant, '--images', '12', '--size', '64'], {})).toMatchObject({ code: 0 });
}, 120_000);
afterAll(async () => {
  await s3.stop();
  rmSync(home, { recursive: true, force: true });
});

const run = () => ['run', join(checkoutRoot(), 'recipes', 'quickstart.yaml'), '--data', plant];
const temporalThere = () => ({ TEMPORAL_ADDRESS: inject('temporalAddress') });
const s3There = () => ({
  JUDO_S3_ENDPOINT: s3.endpoint,
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
});

describe('no Temporal server', () => {
  test.concurrent.each([['run'], ['show'], ['watch'], ['cancel']])(
    'judo %s says so with the address and the remedy, and ends with 3',
    async (command) => {
      const s3Bucket = await bucketOfOurs();
      const args = { run: run() }[command] ?? [command, 'any', ...(command === 'cancel' ? ['--yes'] : [])];
      const { code, stdout, stderr } = await judo(args, {
        ...s3There(),
        JUDO_S3_BUCKET: s3Bucket,
        TEMPORAL_ADDRESS: `127.0.0.1:${nobody}`,
      });
      expect(stderr).toContain(`127.0.0.1:${nobody}`);
      expect(stderr).toContain('judo up');
      expect([code, stdout]).toEqual([3, '']);
    },
  );

  test('judo runs lists what the records tell, and says that it is not all', async () => {
    const environment = { ...s3There(), JUDO_S3_BUCKET: await bucketOfOurs(), TEMPORAL_ADDRESS: `127.0.0.1:${nobody}` };
    const { code, stdout, stderr } = await judo(['runs', '-o', 'json'], environment);
    expect(stderr).toContain(`from the runs' records alone: no Temporal server answers at 127.0.0.1:${nobody}`);
    expect([code, JSON.parse(stdout)]).toEqual([0, { schemaVersion: 1, runs: [] }]);
  });
});

describe('no S3 server', () => {
  test.concurrent.each([['run'], ['show'], ['artifacts']])(
    'judo %s says so with the address and the remedy, and ends with 3',
    async (command) => {
      const args = { run: run(), artifacts: ['artifacts', 'ls'] }[command] ?? [command, 'any'];
      const { code, stdout, stderr } = await judo(args, {
        ...temporalThere(),
        ...s3There(),
        JUDO_S3_ENDPOINT: `http://127.0.0.1:${nobody}`,
      });
      expect(stderr).toContain(`127.0.0.1:${nobody}`);
      expect(stderr).toContain('judo up');
      expect([code, stdout]).toEqual([3, '']);
    },
  );
});

describe('an S3 server that refuses us', () => {
  test('because of the credentials: the variables to set are named', async () => {
    const { code, stderr } = await judo(run(), { ...temporalThere(), ...s3There(), AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect(stderr).toMatch(/refuses our credentials/);
    expect(stderr).toContain('AWS_SECRET_ACCESS_KEY');
    expect(code).not.toBe(0);
  });

  test('because there is no such bucket: it is named, and where to say another', async () => {
    const { code, stderr } = await judo(run(), { ...temporalThere(), ...s3There(), JUDO_S3_BUCKET: 'never-made' });
    expect(stderr).toContain('never-made');
    expect(stderr).toMatch(/remedy: .*bucket/i);
    expect(code).toBe(3);
  });
});

describe('judo doctor', () => {
  async function failures(
    environment: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; remedyOf: Map<string, string | null> }> {
    const { code, stdout } = await judo(['doctor', '-o', 'json'], environment);
    const { checks } = JSON.parse(stdout) as { checks: { check: string; state: string; remedy: string | null }[] };
    return { code, remedyOf: new Map(checks.filter(({ state }) => state === 'fail').map(({ check, remedy }) => [check, remedy])) };
  }

  test('with wrong credentials fails the bucket alone of S3, and names the variables', async () => {
    const { code, remedyOf } = await failures({ ...temporalThere(), ...s3There(), AWS_ACCESS_KEY_ID: 'nobody' });
    expect(code).toBe(1);
    expect(remedyOf.get('bucket')).toContain('AWS_ACCESS_KEY_ID');
    expect(remedyOf.has('clock')).toBe(false);
  });

  test('with no such bucket says how to make it or name another', async () => {
    const { remedyOf } = await failures({ ...temporalThere(), ...s3There(), JUDO_S3_BUCKET: 'never-made' });
    expect(remedyOf.get('bucket')).toMatch(/bucket/i);
  });

  test('with no worker says who starts one; with no server every check that needs one says how to start it', async () => {
    const noWorker = await failures({ ...temporalThere(), ...s3There(), JUDO_S3_BUCKET: await bucketOfOurs() });
    expect([...noWorker.remedyOf.keys()].filter((check) => check.startsWith('worker on '))).toHaveLength(4);
    expect(noWorker.remedyOf.has('bucket')).toBe(false);
    expect(noWorker.remedyOf.has('temporal server')).toBe(false);
    const away = `127.0.0.1:${nobody}`;
    const none = await failures({ ...s3There(), TEMPORAL_ADDRESS: away, JUDO_S3_ENDPOINT: `http://${away}` });
    for (const check of ['temporal server', 'search attributes', 'worker on judo-gpu', 'bucket', 'clock', 'rehearsal teacher'])
      expect(none.remedyOf.get(check), check).toContain('judo up');
  });
});

/** A bucket that exists on the test's server. */
async function bucketOfOurs(): Promise<string> {
  const { ensureBucket } = await import('../../adapters/object-store/s3.js');
  await ensureBucket({ bucket: 'away', endpoint: s3.endpoint, region: 'us-east-1', credentials: s3.credentials });
  return 'away';
}
