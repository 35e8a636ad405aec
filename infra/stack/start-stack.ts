import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkoutRoot, judoHome } from '../checkout.js';
import { buildId } from './build-id.js';
import { gone, isRunning, send, STACK_MARK, sweep } from './processes.js';
import { readStackState, writeStackState, type StackState } from './state.js';

/** A cold start takes 2 s; a machine that swaps, or orphans that write checkpoints, may take far longer. */
const READY_WITHIN_MS = 120_000;
/** Workers may write a checkpoint (90 s), then the servers end (10 s). */
const STOPPED_WITHIN_MS = 120_000;
/** A part that ended so often while it started will not start by itself. */
const GIVE_UP_AFTER = 4;
const LOCK_IS_HELD = 99;

export interface StartedStack {
  readonly state: StackState;
  /** `started` now, `running` already, or running with its workers restarted because the code is newer. */
  readonly outcome: 'started' | 'running' | 'workers-restarted';
}

/** The stack's state if its supervisor runs, else null. */
export function runningStack(home: string = judoHome()): StackState | null {
  const state = readStackState(home);
  return state !== null && isRunning(state) ? state : null;
}

/** Starts the one-machine stack, or finds it running; resolves when every part is healthy. Safe to call at the same time. */
export async function startStack(home: string = judoHome(), options: { processes?: readonly string[] } = {}): Promise<StartedStack> {
  const running = runningStack(home);
  if (running?.state === 'stopping') await gone([running], STOPPED_WITHIN_MS);
  else if (running !== null) return adopt(home, running);
  const log = join(home, 'logs', 'supervisor.log');
  const supervisor = spawnSupervisor(home, log, options.processes);
  const state = await becomesReady(home, () => {
    const code = supervisor.exitCode ?? supervisor.signalCode;
    if (code !== null && code !== LOCK_IS_HELD) throw new StackError(`the supervisor ended with ${code}`, log);
    return runningStack(home);
  });
  return { state, outcome: 'started' };
}

async function adopt(home: string, running: StackState): Promise<StartedStack> {
  const build = buildId();
  if (running.build === build) return { state: await becomesReady(home), outcome: 'running' };
  send(running, 'SIGHUP');
  const ofThisBuild = (): StackState | null => {
    const state = runningStack(home);
    return state?.build === build ? state : null;
  };
  return { state: await becomesReady(home, ofThisBuild), outcome: 'workers-restarted' };
}

/** Something of the stack does not start; the message ends with the last lines of its log. */
export class StackError extends Error {
  override readonly name = 'StackError';
  constructor(what: string, log: string) {
    super(`${what}; the last lines of ${log}:\n${tail(log)}`);
  }
}

async function becomesReady(home: string, look: () => StackState | null = () => runningStack(home)): Promise<StackState> {
  for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline; await pause(20)) {
    const state = look();
    if (state?.state === 'ready') return state;
    const failing = state?.processes.find((process) => process.state === 'restarting' && process.failures >= GIVE_UP_AFTER);
    if (failing) throw new StackError(`${failing.name} does not start (tried ${failing.failures} times, still trying)`, failing.log);
  }
  throw new StackError(`the stack was not ready within ${READY_WITHIN_MS / 1000} s`, join(home, 'logs', 'supervisor.log'));
}

/** A daemon under a lock that the kernel lets go of when it dies: there is never a second supervisor of a home. */
function spawnSupervisor(home: string, log: string, processes?: readonly string[]) {
  mkdirSync(join(home, 'logs'), { recursive: true });
  const fd = openSync(log, 'a');
  const main = join(checkoutRoot(), 'dist', 'infra', 'stack', 'supervisor.js');
  const lock = ['-n', '-E', String(LOCK_IS_HELD), '--no-fork', join(home, 'stack.lock')];
  const child = spawn('flock', [...lock, process.execPath, '--enable-source-maps', main], {
    cwd: home,
    detached: true,
    stdio: ['ignore', fd, fd],
    env: {
      ...process.env,
      // The AWS SDK tells every process that Node 20 ends: the engines field says which Node we support.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      JUDO_HOME: home,
      [STACK_MARK]: home,
      ...(processes && { JUDO_STACK_PROCESSES: processes.join(',') }),
    },
  });
  child.unref();
  closeSync(fd);
  return child;
}

/** Stops everything of a home and waits until no process is left. Returns false when nothing ran. */
export async function stopStack(home: string = judoHome()): Promise<boolean> {
  const running = runningStack(home);
  if (running !== null) {
    send(running, 'SIGTERM');
    if (!(await gone([running], STOPPED_WITHIN_MS))) send(running, 'SIGKILL');
  }
  const left = await sweep(home, 5_000);
  const last = readStackState(home);
  if (last !== null) writeStackState(home, { ...last, state: 'stopping', processes: [] });
  return running !== null || left > 0;
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '(no log)';
  }
}
