import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { S3Client, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkoutRoot, judoHome } from '../../infra/checkout.js';
import { grpcIsServing } from '../../infra/stack/grpc-health.js';
import { isRunning, processesOfHome } from '../../infra/stack/processes.js';
import { readStackState, type ProcessState, type StackState } from '../../infra/stack/state.js';

/** The real stack of a home of its own, driven by the real command: servers, and the GPU host as the one that has no port. */
const home = mkdtempSync(join(tmpdir(), 'judo-stack-'));
const run = promisify(execFile);
const environment = {
  PATH: process.env.PATH,
  HOME: homedir(),
  JUDO_HOME: home,
  JUDO_STACK_PROCESSES: 'gpu-host',
  TEMPORAL_CONFIG_FILE: join(home, 'none.toml'),
};

async function judo(...args: string[]) {
  const { stdout } = await run(process.execPath, [join(checkoutRoot(), 'dist', 'cli', 'bin.js'), ...args], { env: environment });
  return stdout;
}

const up = async () => JSON.parse(await judo('up', '-o', 'json')) as { outcome: string; stack: StackState };

function stack(): StackState {
  const state = readStackState(home);
  if (state === null) throw new Error(`no stack.json in ${home}`);
  return state;
}

function part(name: string): ProcessState {
  const found = stack().processes.find((process) => process.name === name);
  if (found === undefined) throw new Error(`no ${name} in the stack`);
  return found;
}

/** Looks again until it is true; the test's own time limit ends a wait in vain. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const portsOf = ({ temporal, s3, teacher }: StackState) =>
  [temporal?.address, temporal?.ui, s3?.endpoint, teacher?.url].map((url) => Number(/:(\d+)(\/v1)?$/.exec(url ?? '')?.[1]));

function answers(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

function s3(): S3Client {
  const { endpoint, region, credentialsFile } = stack().s3 ?? {};
  const credentials = JSON.parse(readFileSync(credentialsFile ?? '', 'utf8')) as { accessKeyId: string; secretAccessKey: string };
  return new S3Client({ endpoint: endpoint ?? '', region: region ?? '', credentials, forcePathStyle: true });
}

beforeAll(async () => {
  symlinkSync(join(judoHome(), 'servers'), join(home, 'servers'));
  await up();
});

afterAll(async () => {
  await judo('down');
  rmSync(home, { recursive: true, force: true });
});

describe('judo up', () => {
  test('starts every part healthy, on addresses that stack.json names', async () => {
    const state = stack();
    expect(state.state).toBe('ready');
    expect(state.processes.map(({ name, state: health }) => `${name} ${health}`)).toEqual([
      'temporal healthy',
      's3 healthy',
      'teacher healthy',
      'gpu-host healthy',
    ]);
    expect(await grpcIsServing(state.temporal?.address ?? '', 'temporal.api.workflowservice.v1.WorkflowService')).toBe(true);
    expect((await fetch(`${state.teacher?.url}/models`)).status).toBe(200);
  });

  test('keeps the S3 credentials from other users', () => {
    expect(statSync(stack().s3?.credentialsFile ?? '').mode & 0o777).toBe(0o600);
  });

  test('listens on loopback only', () => {
    const ours = new Set(processesOfHome(home).flatMap(({ pid }) => listeners(pid)));
    expect(ours.size).toBeGreaterThanOrEqual(4);
    expect([...ours].filter((address) => !address.startsWith('0100007F:'))).toEqual([]);
  });

  test('twice changes nothing', async () => {
    const before = stack();
    const again = await up();
    expect(again.outcome).toBe('running');
    expect(again.stack.processes.map(({ pid }) => pid)).toEqual(before.processes.map(({ pid }) => pid));
  });

  test.each(['temporal', 's3', 'teacher', 'gpu-host'])('has %s started again when it is killed, and the log says so', async (name) => {
    const before = part(name);
    process.kill(before.pid ?? 0, 'SIGKILL');
    await until(() => part(name).state === 'healthy' && part(name).pid !== before.pid);
    expect(part(name)).toMatchObject({ port: before.port, restarts: before.restarts + 1 });
    expect(readFileSync(join(home, 'logs', 'supervisor.log'), 'utf8')).toContain(`${name}: ended with SIGKILL; starting again`);
  });

  test('has the workers follow a server whose port somebody took while it was down', async () => {
    const [supervisor, s3Before, hostBefore] = [stack().pid, part('s3'), part('gpu-host')];
    const thief = createServer();
    // The supervisor sleeps until the port is taken: it would be faster.
    process.kill(supervisor, 'SIGSTOP');
    process.kill(s3Before.pid ?? 0, 'SIGKILL');
    await until(() => bound(thief, s3Before.port ?? 0));
    process.kill(supervisor, 'SIGCONT');
    await until(() => stack().state === 'ready' && part('gpu-host').state === 'healthy' && part('gpu-host').pid !== hostBefore.pid);
    thief.close();
    const endpoint = stack().s3?.endpoint;
    expect(part('s3').port).not.toBe(s3Before.port);
    expect(readFileSync(`/proc/${part('gpu-host').pid}/environ`, 'utf8').split('\0')).toContain(`JUDO_S3_ENDPOINT=${endpoint}`);
    await s3().send(new PutObjectCommand({ Bucket: 'judo', Key: 'moved', Body: 'moved' }));
  });

  test('leaves no orphan when the supervisor is killed, and goes on with the same data at the same addresses', async () => {
    await s3().send(new PutObjectCommand({ Bucket: 'judo', Key: 'kept', Body: 'kept' }));
    const before = stack();
    process.kill(before.pid, 'SIGKILL');
    await until(() => processesOfHome(home).length === 0);
    const started = await up();
    expect(started.outcome).toBe('started');
    expect(portsOf(started.stack)).toEqual(portsOf(before));
    const kept = await s3().send(new GetObjectCommand({ Bucket: 'judo', Key: 'kept' }));
    expect(await kept.Body?.transformToString()).toBe('kept');
  });

  test('starts one stack when it is asked twice at once', async () => {
    await judo('down');
    const [first, second] = await Promise.all([up(), up()]);
    expect(first.stack.pid).toBe(second.stack.pid);
  });
});

describe('judo down', () => {
  test('leaves no process and no port, and says so when nothing ran', async () => {
    await up();
    const before = stack();
    expect(JSON.parse(await judo('down', '-o', 'json'))).toMatchObject({ stopped: true });
    expect(processesOfHome(home)).toEqual([]);
    expect(isRunning(before)).toBe(false);
    expect(await Promise.all(portsOf(before).map((port) => answers(port)))).toEqual([false, false, false, false]);
    expect(JSON.parse(await judo('down', '-o', 'json'))).toMatchObject({ stopped: false });
  });
});

/** Whether the server could take the port. */
function bound(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const failed = () => resolve(false);
    server.once('error', failed);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

/** Local addresses, as /proc writes them, of the TCP sockets that a process listens on. */
function listeners(pid: number): string[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)));
  const rows = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').trim().split('\n').slice(1));
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[3] === '0A' && sockets.has(`socket:[${columns[9]}]`))
    .map((columns) => columns[1] ?? '');
}
