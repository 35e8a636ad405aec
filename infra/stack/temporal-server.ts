import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The search attributes the workflows set. An unknown one in an upsert retries its workflow task for ever. */
export const SEARCH_ATTRIBUTES = ['JudoRun', 'JudoStage', 'JudoState', 'JudoRecipe'] as const;

/** The oldest server whose flags and behaviour we know. */
const OLDEST_SERVER: readonly [number, number] = [1, 32];

/** The Temporal binary: one on PATH when its server fits, else the one that set-up installed. */
export function temporalBinary(home: string): { binary: string; serverVersion: string } {
  for (const binary of ['temporal', join(home, 'servers', 'bin', 'temporal')]) {
    const version = serverVersionOf(binary);
    if (version !== null && fits(version)) return { binary, serverVersion: version };
  }
  throw new Error(
    `no Temporal server 1.${OLDEST_SERVER[1]} or newer on PATH nor under ${home}/servers; run \`./judo doctor\` to install it`,
  );
}

function serverVersionOf(binary: string): string | null {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return /Server (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1] ?? null;
}

function fits(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1];
}

/** Without these each queued task costs 50 ms and each timer or retry a second (ENGINEERING.md, Temporal). */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxPollRPS=5000',
  'history.visibilityProcessorMaxPollRPS=5000',
  'history.outboundProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxTimeShift="10ms"',
  'history.taskSchedulerEnableExecutionQueueScheduler=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  'matching.enableFairness=true',
] as const;

/** Arguments of `temporal` for the tuned one-machine server. */
export function temporalFlags(options: { port: number; uiPort: number; database: string }): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--db-filename', options.database, '--log-level', 'error'],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'],
    ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
  ];
}

/** Creates the search attributes; those that exist stay. */
export async function createSearchAttributes(binary: string, address: string, namespace = 'default'): Promise<void> {
  const names = SEARCH_ATTRIBUTES.flatMap((name) => ['--name', name, '--type', 'Keyword']);
  const args = ['operator', 'search-attribute', 'create', '--address', address, '--namespace', namespace, ...names];
  await promisify(execFile)(binary, args, { timeout: 20_000 });
}
