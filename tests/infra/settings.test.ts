import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { externalServers, loadSettings } from '../../infra/settings.js';
import { writeStackState, type StackState } from '../../infra/stack/state.js';
import { bucket, temporal } from '../../temporal.config.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'judo-settings-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** An environment with nothing set but the home; Temporal's default profile file is not this machine's. */
const environment = (more: Record<string, string> = {}) => ({
  JUDO_HOME: home,
  HOME: home,
  XDG_CONFIG_HOME: home,
  TEMPORAL_CONFIG_FILE: join(home, 'none.toml'),
  ...more,
});

function stackRuns(): void {
  const credentialsFile = join(home, 'secrets', 's3.json');
  mkdirSync(join(home, 'secrets'));
  writeFileSync(credentialsFile, JSON.stringify({ accessKeyId: 'stack-key', secretAccessKey: 'stack-secret' }));
  const state: StackState = {
    schemaVersion: 1,
    pid: process.pid,
    startedAt: '1',
    state: 'ready',
    build: 'b',
    temporal: { address: '127.0.0.1:40001', ui: 'http://127.0.0.1:40002', database: home },
    s3: { endpoint: 'http://127.0.0.1:40003', bucket: 'stack-bucket', region: 'us-east-1', credentialsFile, data: home },
    teacher: { url: 'http://127.0.0.1:40004/v1' },
    processes: [],
  };
  writeStackState(home, state);
}

const sourceOf = (settings: ReturnType<typeof loadSettings>, key: string) => settings.values.find((value) => value.key === key)?.source;

describe('settings', () => {
  test('come from temporal.config.ts where nothing else says otherwise', () => {
    const settings = loadSettings(environment());
    expect(settings.temporal).toMatchObject({ address: temporal.address, namespace: temporal.namespace, ui: null });
    expect(settings.s3).toMatchObject({ endpoint: undefined, bucket, credentials: undefined });
    expect(sourceOf(settings, 'temporal.address')).toBe('temporal.config.ts');
  });

  test('name the running stack before temporal.config.ts', () => {
    stackRuns();
    const settings = loadSettings(environment());
    expect(settings.temporal).toMatchObject({ address: '127.0.0.1:40001', ui: 'http://127.0.0.1:40002' });
    expect(settings.s3).toMatchObject({
      endpoint: 'http://127.0.0.1:40003',
      bucket: 'stack-bucket',
      credentials: { accessKeyId: 'stack-key' },
    });
    expect(settings.teacher.rehearsalUrl).toBe('http://127.0.0.1:40004/v1');
    expect(sourceOf(settings, 's3.endpoint')).toBe('stack.json');
  });

  test('name what the environment says before the stack, and say so', () => {
    stackRuns();
    const settings = loadSettings(environment({ TEMPORAL_ADDRESS: 'temporal.example:7233', JUDO_S3_ENDPOINT: 'https://s3.example' }));
    expect(settings.temporal).toMatchObject({ address: 'temporal.example:7233', ui: null });
    expect(settings.s3).toMatchObject({ endpoint: 'https://s3.example', bucket });
    expect(sourceOf(settings, 'temporal.address')).toBe('environment TEMPORAL_ADDRESS');
  });

  test('take an empty variable for unset', () => {
    stackRuns();
    const settings = loadSettings(environment({ TEMPORAL_ADDRESS: '', JUDO_S3_ENDPOINT: '', AWS_ENDPOINT_URL: '' }));
    expect(settings.temporal.address).toBe('127.0.0.1:40001');
    expect(settings.s3.endpoint).toBe('http://127.0.0.1:40003');
  });

  test('never send the stack’s credentials to a server that the environment names', () => {
    stackRuns();
    for (const name of ['JUDO_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']) {
      expect(loadSettings(environment({ [name]: 'https://s3.example' })).s3.credentials).toBeUndefined();
    }
  });

  test('mean AWS itself by JUDO_S3_ENDPOINT=aws', () => {
    stackRuns();
    const settings = loadSettings(environment({ JUDO_S3_ENDPOINT: 'aws', JUDO_S3_BUCKET: 'mine', AWS_REGION: 'eu-central-1' }));
    expect(settings.s3).toMatchObject({ endpoint: undefined, bucket: 'mine', region: 'eu-central-1', credentials: undefined });
  });

  test('follow a Temporal profile with its namespace, key and TLS', () => {
    const file = join(home, 'temporal.toml');
    writeFileSync(file, '[profile.prod]\naddress = "cloud.example:7233"\nnamespace = "judo.prod"\napi_key = "k"\n');
    const settings = loadSettings(environment({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' }));
    expect(settings.temporal).toMatchObject({ address: 'cloud.example:7233', namespace: 'judo.prod', apiKey: 'k', tls: true });
    expect(sourceOf(settings, 'temporal.address')).toBe('Temporal profile prod');
  });

  test('never send a profile’s API key to the stack’s own server', () => {
    stackRuns();
    const settings = loadSettings(environment({ TEMPORAL_API_KEY: 'secret' }));
    expect(settings.temporal.address).toBe('127.0.0.1:40001');
    expect(settings.temporal.apiKey).toBeUndefined();
    expect(settings.temporal.tls).toBeUndefined();
  });

  test('show no secret', () => {
    stackRuns();
    const settings = loadSettings(environment({ OPENAI_API_KEY: 'sk-secret', AWS_SECRET_ACCESS_KEY: 'aws-secret' }));
    expect(JSON.stringify(settings.values)).not.toMatch(/secret(?!s)|stack-secret/);
    expect(settings.teacher.hasApiKey).toBe(true);
  });

  test('say which servers are configured elsewhere', () => {
    expect(externalServers(environment())).toEqual({ temporal: false, s3: false, teacher: false });
    expect(
      externalServers(environment({ TEMPORAL_ADDRESS: 'x:1', AWS_ENDPOINT_URL_S3: 'https://s3.example', JUDO_TEACHER_URL: 'http://t' })),
    ).toEqual({
      temporal: true,
      s3: true,
      teacher: true,
    });
  });
});
