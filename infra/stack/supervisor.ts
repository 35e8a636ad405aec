import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bucket } from '../../temporal.config.js';
import { checkoutRoot, judoHome } from '../checkout.js';
import { externalServers } from '../settings.js';
import { buildId } from './build-id.js';
import { Keeper } from './keeper.js';
import { freePort } from './ports.js';
import { identify, sweep } from './processes.js';
import { credentialsFile, s3Credentials, s3Service, teacherService, temporalService, workerService, type Service } from './services.js';
import { readStackState, writeStackState, type StackState } from './state.js';

/** The daemon behind `judo up`. It alone writes stack.json; SIGTERM ends everything in order, SIGHUP restarts the workers. */

const home = judoHome();
mkdirSync(join(home, 'logs'), { recursive: true });
const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
// Its output is a file: on a full disk a line is lost, never the supervisor.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** When a state that could not be written, for a full disk, is written again. */
const PUBLISH_AGAIN_MS = 1_000;
let publishAgain: NodeJS.Timeout | undefined;

/** What an orphan of a killed supervisor may still take to write its checkpoint. */
const ORPHAN_GRACE_MS = 20_000;

const elsewhere = externalServers();
let phase: StackState['state'] = 'starting';
let build = buildId();
let servers: Keeper[] = [];
let workers: Keeper[] = [];
/** The servers' ports that the workers were started with. */
let portsGiven = '';

const keeperOf = (name: string): Keeper | undefined => servers.find((keeper) => keeper.state.name === name);

const serverPorts = (): string => JSON.stringify(servers.map((keeper) => keeper.currentPorts));

function publish(): void {
  const temporal = keeperOf('temporal')?.currentPorts;
  const s3 = keeperOf('s3')?.currentPorts;
  const teacher = keeperOf('teacher')?.currentPorts;
  const address = `127.0.0.1:${temporal?.grpc}`;
  clearTimeout(publishAgain);
  const state: StackState = {
    schemaVersion: 1,
    pid: process.pid,
    startedAt: identify(process.pid)?.startedAt ?? '',
    state: phase,
    build,
    temporal: temporal ? { address, ui: `http://127.0.0.1:${temporal.ui}`, database: join(home, 'temporal') } : null,
    s3: s3
      ? {
          endpoint: `http://127.0.0.1:${s3.http}`,
          bucket,
          region: 'us-east-1',
          credentialsFile: credentialsFile(home),
          data: join(home, 's3', 'data'),
        }
      : null,
    teacher: teacher ? { url: `http://127.0.0.1:${teacher.http}/v1` } : null,
    processes: [...servers, ...workers].map((keeper) => keeper.state),
  };
  try {
    writeStackState(home, state);
  } catch (error) {
    log(`cannot write stack.json, trying again: ${error instanceof Error ? error.message : String(error)}`);
    publishAgain = setTimeout(publish, PUBLISH_AGAIN_MS);
  }
}

/** Writes what is, and mends what follows from it: a server that came back at another port is lost to workers that know the old one. */
function changed(): void {
  publish();
  if (phase === 'ready' && serverPorts() !== portsGiven) void restartWorkers('a server moved to another port');
}

/** Where the workers find our servers. Only ours: what the configuration places elsewhere they find as anyone does. */
function connection(): NodeJS.ProcessEnv {
  const state = readStackState(home);
  return {
    ...(state?.temporal && { TEMPORAL_ADDRESS: state.temporal.address, TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: '' }),
    ...(state?.s3 && s3Environment(state.s3)),
    ...(state?.teacher && { JUDO_TEACHER_URL: state.teacher.url }),
  };
}

function s3Environment(s3: NonNullable<StackState['s3']>): NodeJS.ProcessEnv {
  const { accessKeyId, secretAccessKey } = s3Credentials(home);
  return {
    JUDO_S3_ENDPOINT: s3.endpoint,
    JUDO_S3_BUCKET: s3.bucket,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

async function keep(service: Service, usedBefore: ReadonlyMap<string, number>, taken: Set<number>): Promise<Keeper> {
  const ports: Record<string, number> = {};
  for (const [role, usual] of Object.entries(service.ports)) {
    const before = usedBefore.get(`${service.name}.${role}`);
    ports[role] = await freePort(before === undefined ? [usual] : [before, usual], taken);
    taken.add(ports[role]);
  }
  return new Keeper(service, ports, home, log, changed);
}

/** Ports of the last time, so that addresses that people and programs remember stay good. */
function portsBefore(): Map<string, number> {
  const before = readStackState(home);
  const port = (url: string | undefined): number => Number(/:(\d+)/.exec((url ?? '').replace(/^https?:/, ''))?.[1] ?? 0);
  const known: [string, number][] = [
    ['temporal.grpc', port(before?.temporal?.address)],
    ['temporal.ui', port(before?.temporal?.ui)],
    ['s3.http', port(before?.s3?.endpoint)],
    ['teacher.http', port(before?.teacher?.url)],
  ];
  return new Map(known.filter(([, value]) => value > 0));
}

const compiled = (file: string): boolean => existsSync(join(checkoutRoot(), file));

/** The processes of dist/workers that this checkout has. */
const WORKERS: readonly { name: string; file: string }[] = [
  { name: 'workers', file: 'dist/workers/main.js' },
  { name: 'gpu-host', file: 'dist/workers/gpu-host.js' },
];

async function start(): Promise<void> {
  const left = await sweep(home, ORPHAN_GRACE_MS);
  if (left > 0) log(`ended ${left} process(es) that an earlier supervisor left`);
  const before = portsBefore();
  const taken = new Set<number>();
  const wanted = [
    ...(elsewhere.temporal ? [] : [temporalService(home)]),
    ...(elsewhere.s3 ? [] : [s3Service(home)]),
    ...(elsewhere.teacher || !compiled('dist/infra/rehearsal-teacher/main.js') ? [] : [teacherService(home)]),
  ];
  const chosen: Keeper[] = [];
  for (const service of wanted) chosen.push(await keep(service, before, taken));
  servers = chosen;
  publish();
  await Promise.all(servers.map((keeper) => keeper.start()));
  const only = process.env.JUDO_STACK_PROCESSES?.split(',');
  const present = WORKERS.filter(({ name, file }) => compiled(file) && (only?.includes(name) ?? true));
  portsGiven = serverPorts();
  workers = await Promise.all(present.map(({ name, file }) => keep(workerService(home, name, file, connection), before, taken)));
  publish();
  await Promise.all(workers.map((keeper) => keeper.start()));
  phase = 'ready';
  changed();
  log(`ready: ${[...servers, ...workers].map((keeper) => keeper.state.name).join(', ')}`);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (phase === 'stopping') return;
  phase = 'stopping';
  log(`stopping on ${signal}`);
  publish();
  await Promise.all(workers.map((keeper) => keeper.stop()));
  await Promise.all(servers.map((keeper) => keeper.stop()));
  await sweep(home, 5_000);
  log('stopped');
  process.exit(0);
}

async function restartWorkers(reason: string): Promise<void> {
  log(`restarting the workers (${reason})`);
  phase = 'starting';
  build = buildId();
  portsGiven = serverPorts();
  publish();
  await Promise.all(workers.map((keeper) => keeper.restart()));
  phase = 'ready';
  changed();
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
process.on('SIGHUP', () => void restartWorkers('new build'));
await start();
// Watching timers do not hold the process: this one does.
setInterval(() => {}, 2 ** 30);
