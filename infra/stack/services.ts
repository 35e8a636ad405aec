import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bucket } from '../../temporal.config.js';
import { checkoutRoot } from '../checkout.js';
import { s3ServerCommand } from '../s3-server.js';
import { S3Credentials } from '../settings.js';
import { grpcIsServing } from './grpc-health.js';
import { STACK_MARK, listensOn } from './processes.js';
import { writeWhole } from './state.js';
import { temporalBinary, temporalFlags, createSearchAttributes } from './temporal-server.js';

/** What the supervisor must know to keep a process running. `command` is asked at each start: ports may have changed. */
export interface Service {
  readonly name: string;
  /** Ports by role, chosen by the supervisor before the first start; the first role's is the one others connect to. */
  readonly ports: Readonly<Record<string, number>>;
  command(ports: Readonly<Record<string, number>>): Promise<{ command: string; args: string[]; env: NodeJS.ProcessEnv }>;
  /** Whether the process does its work. A server must be the one that holds the port. `said` is its output since its start. */
  healthy(pid: number, ports: Readonly<Record<string, number>>, said: () => string): Promise<boolean>;
  /** Once per start, when healthy: what must exist before anyone uses the service. Idempotent. */
  prepare?(ports: Readonly<Record<string, number>>): Promise<void>;
  /** How long an orderly end may take before SIGKILL. */
  readonly stopGraceMs: number;
}

const base = (home: string): NodeJS.ProcessEnv => ({ ...process.env, JUDO_HOME: home, [STACK_MARK]: home });

/** The Temporal dev server, tuned as ENGINEERING.md measured; its database file is named by the server's version. */
export function temporalService(home: string): Service {
  const { binary, serverVersion } = temporalBinary(home);
  const database = join(home, 'temporal', `${serverVersion}.db`);
  mkdirSync(join(home, 'temporal'), { recursive: true });
  return {
    name: 'temporal',
    ports: { grpc: 7233, ui: 8233 },
    stopGraceMs: 10_000,
    command: async ({ grpc, ui }) => ({
      command: binary,
      args: temporalFlags({ port: grpc ?? 0, uiPort: ui ?? 0, database }),
      env: base(home),
    }),
    healthy: async (pid, { grpc = 0 }) =>
      listensOn(pid, grpc) && (await grpcIsServing(`127.0.0.1:${grpc}`, 'temporal.api.workflowservice.v1.WorkflowService')),
    prepare: ({ grpc }) => createSearchAttributes(binary, `127.0.0.1:${grpc}`),
  };
}

/** The S3 server over a folder. */
export function s3Service(home: string): Service {
  const { accessKeyId, secretAccessKey } = s3Credentials(home);
  return {
    name: 's3',
    ports: { http: 7070 },
    stopGraceMs: 10_000,
    command: async ({ http = 0 }) => {
      const options = { dir: join(home, 's3'), port: http, accessKey: accessKeyId, secretKey: secretAccessKey };
      const { command, args, env } = await s3ServerCommand(options);
      return { command, args, env: { ...base(home), ...env } };
    },
    healthy: async (pid, { http = 0 }) => listensOn(pid, http) && (await answers(`http://127.0.0.1:${http}/_health`)),
    // The posix back end keeps a bucket as a folder: where it is, there is nothing to create.
    prepare: async ({ http }) => {
      if (!existsSync(join(home, 's3', 'data', bucket))) await createBucket(`http://127.0.0.1:${http}`, { accessKeyId, secretAccessKey });
    },
  };
}

/** The rehearsal teacher. */
export function teacherService(home: string): Service {
  return {
    name: 'teacher',
    ports: { http: 7171 },
    stopGraceMs: 5_000,
    command: async ({ http }) => ({
      command: process.execPath,
      args: [join(checkoutRoot(), 'dist/infra/rehearsal-teacher/main.js'), '--port', String(http)],
      env: base(home),
    }),
    healthy: async (pid, { http = 0 }) => listensOn(pid, http),
  };
}

/** A process of dist/workers. It has no port: it is healthy once it says `ready:`; `judo doctor` asks the server for its pollers. */
export function workerService(home: string, name: string, file: string, connection: () => NodeJS.ProcessEnv): Service {
  return {
    name,
    ports: {},
    // A trainer may be writing a checkpoint (stopGraceMs of temporal.config.ts), then the host files it.
    stopGraceMs: 90_000,
    command: async () => ({
      command: process.execPath,
      args: ['--enable-source-maps', join(checkoutRoot(), file)],
      env: { ...withoutForeignCredentials(base(home)), ...connection() },
    }),
    healthy: async (_pid, _ports, said) => /^ready: /m.test(said()),
  };
}

/** Variables that would send another account's credentials to the stack's own servers. */
function withoutForeignCredentials(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(AWS_(PROFILE|SESSION_TOKEN|DEFAULT_PROFILE|WEB_IDENTITY.*|ROLE_.*))$/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !foreign.test(name)));
}

export const credentialsFile = (home: string): string => join(home, 'secrets', 's3.json');

/** The S3 server's root credentials: made once, readable by the owner only. */
export function s3Credentials(home: string): { accessKeyId: string; secretAccessKey: string } {
  const file = credentialsFile(home);
  if (existsSync(file)) return S3Credentials.parse(JSON.parse(readFileSync(file, 'utf8')));
  const made = { accessKeyId: `judo${randomBytes(8).toString('hex')}`, secretAccessKey: randomBytes(24).toString('base64url') };
  mkdirSync(join(home, 'secrets'), { recursive: true, mode: 0o700 });
  writeWhole(file, `${JSON.stringify(made)}\n`, 0o600);
  return made;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function createBucket(endpoint: string, credentials: { accessKeyId: string; secretAccessKey: string }): Promise<void> {
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name !== 'BucketAlreadyOwnedByYou' && name !== 'BucketAlreadyExists') throw error;
  } finally {
    client.destroy();
  }
}

/** `setpriv --pdeathsig TERM`, where there is one: a child ends when its supervisor is killed, whatever killed it. */
export const endWithParent: readonly string[] =
  spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];
