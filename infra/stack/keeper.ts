import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './ports.js';
import { identify, type ProcessIdentity } from './processes.js';
import { endWithParent, type Service } from './services.js';
import type { ProcessState } from './state.js';

const PROBE_EVERY_MS = 25;
const HEALTHY_WITHIN_MS = 60_000;
const WATCH_EVERY_MS = 3_000;
/** So many failed probes in a row and a server counts as hung. */
const FAILED_PROBES = 4;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;
/** A process that was healthy so long has recovered: whatever ended it, the next one waits the shortest time again. */
const STEADY_AFTER_MS = 5_000;
const LOG_BYTES = 20 * 1024 * 1024;

/** Keeps one service running: starts it, waits until it is healthy, watches it, and starts it again when it ends. */
export class Keeper {
  readonly state: ProcessState;
  private ports: Record<string, number>;
  private child: ChildProcess | null = null;
  private stopping = false;
  private waiting = new AbortController();
  /** Size of the log when the process started: what it says comes after. */
  private logStart = 0;
  private running: Promise<void> | null = null;
  private announceHealthy: () => void = () => {};
  private health = this.awaitHealth();
  private restartAsked = false;
  /** When the process last became healthy; null while it has not. */
  private healthySince: number | null = null;

  constructor(
    private readonly service: Service,
    ports: Record<string, number>,
    private readonly home: string,
    private readonly log: (line: string) => void,
    private readonly changed: () => void,
  ) {
    this.ports = ports;
    const logFile = join(home, 'logs', `${service.name}.log`);
    this.state = {
      name: service.name,
      state: 'starting',
      pid: null,
      startedAt: null,
      port: this.mainPort(),
      restarts: 0,
      failures: 0,
      log: logFile,
    };
  }

  /** The ports now in use, by role. */
  get currentPorts(): Readonly<Record<string, number>> {
    return this.ports;
  }

  /** Starts keeping; resolves when the service is healthy. */
  start(): Promise<void> {
    this.running ??= this.keep();
    return this.health;
  }

  /** SIGTERM, SIGKILL after the service's grace, and no new start. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.waiting.abort();
    await this.endChild();
    await this.running;
    this.update({ state: 'stopped', pid: null, startedAt: null });
  }

  /** Ends the process in order, or the wait for its next start; resolves when the next one is healthy. */
  async restart(): Promise<void> {
    this.restartAsked = true;
    this.health = this.awaitHealth();
    this.waiting.abort();
    await this.endChild();
    await this.health;
  }

  private awaitHealth(): Promise<void> {
    return new Promise((resolve) => (this.announceHealthy = resolve));
  }

  private async keep(): Promise<void> {
    while (!this.stopping) {
      this.healthySince = null;
      const ending = await this.runOnce();
      if (this.stopping) return;
      const { name } = this.service;
      if (this.restartAsked) {
        this.restartAsked = false;
        this.update({ state: 'restarting', pid: null, startedAt: null, failures: 0 });
        this.log(`${name}: ${ending}, as asked; starting again`);
        continue;
      }
      const isSteady = this.healthySince !== null && Date.now() - this.healthySince > STEADY_AFTER_MS;
      const failures = isSteady ? 1 : this.state.failures + 1;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
      this.update({ state: 'restarting', pid: null, startedAt: null, failures, restarts: this.state.restarts + 1 });
      this.log(`${name}: ${ending}; starting again in ${wait / 1000} s (restart ${this.state.restarts}, log ${this.state.log})`);
      this.waiting = new AbortController();
      await pause(wait, undefined, { signal: this.waiting.signal }).catch(() => {});
      this.restartAsked = false;
    }
  }

  /** One life of the process. Returns how it ended, in words. */
  private async runOnce(): Promise<string> {
    try {
      await this.avoidTakenPorts();
      const { command, args, env } = await this.service.command(this.ports);
      if (this.stopping) return 'stopped';
      const child = this.spawn([...endWithParent, command, ...args], env);
      const ended = endOf(child);
      const identity = child.pid === undefined ? null : identify(child.pid);
      if (identity === null) return await ended;
      this.update({ state: 'starting', pid: identity.pid, startedAt: identity.startedAt, port: this.mainPort() });
      void this.watch(identity, child);
      const ending = await ended;
      killGroup(identity.pid);
      return ending;
    } catch (error) {
      return `cannot be started: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      this.child = null;
    }
  }

  private spawn([command = '', ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const fd = openLog(this.state.log);
    this.logStart = statSync(this.state.log).size;
    // Its own process group: a Ctrl-C in the terminal is not for the stack, and what it starts can be ended with it.
    this.child = spawn(command, args, { env, detached: true, stdio: ['ignore', fd, fd], cwd: this.home });
    closeSync(fd);
    return this.child;
  }

  /** Waits until healthy, prepares, then watches; a process that does not become or stay healthy is killed. */
  private async watch({ pid }: ProcessIdentity, child: ChildProcess): Promise<void> {
    const started = Date.now();
    const lives = (): boolean => this.child === child && child.exitCode === null && child.signalCode === null;
    while (lives() && !(await this.probe(pid))) {
      if (Date.now() - started > HEALTHY_WITHIN_MS) return this.giveUp(child, `not healthy within ${HEALTHY_WITHIN_MS / 1000} s`);
      await pause(PROBE_EVERY_MS);
    }
    if (!lives()) return;
    try {
      await this.service.prepare?.(this.ports);
    } catch (error) {
      if (lives()) this.giveUp(child, `could not be prepared: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (!lives()) return;
    this.healthySince = Date.now();
    this.update({ state: 'healthy' });
    this.log(`${this.service.name}: healthy after ${Date.now() - started} ms (pid ${pid}${this.portsInWords()})`);
    this.announceHealthy();
    for (let failed = 0; lives() && failed < FAILED_PROBES;) {
      await pause(WATCH_EVERY_MS, undefined, { ref: false });
      if (!lives()) return;
      failed = (await this.probe(pid)) ? 0 : failed + 1;
      if (failed === FAILED_PROBES && lives()) this.giveUp(child, 'does not answer');
    }
  }

  private probe(pid: number): Promise<boolean> {
    return this.service.healthy(pid, this.ports, () => readFrom(this.state.log, this.logStart));
  }

  private giveUp(child: ChildProcess, reason: string): void {
    this.log(`${this.service.name}: ${reason}; killing it`);
    child.kill('SIGKILL');
  }

  private async endChild(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = endOf(child);
    child.kill('SIGTERM');
    const killer = setTimeout(() => {
      this.log(`${this.service.name}: still there ${this.service.stopGraceMs / 1000} s after SIGTERM; killing it`);
      child.kill('SIGKILL');
    }, this.service.stopGraceMs);
    await ended;
    clearTimeout(killer);
  }

  /** Somebody else may hold one of our ports since the last start. */
  private async avoidTakenPorts(): Promise<void> {
    for (const [role, port] of Object.entries(this.ports)) {
      const taken = new Set(Object.values(this.ports).filter((other) => other !== port));
      this.ports[role] = await freePort([port], taken);
      if (this.ports[role] !== port) this.log(`${this.service.name}: port ${port} is taken, using ${this.ports[role]}`);
    }
  }

  private mainPort(): number | null {
    return Object.values(this.ports)[0] ?? null;
  }

  private portsInWords(): string {
    return Object.entries(this.ports)
      .map(([role, port]) => `, ${role} ${port}`)
      .join('');
  }

  private update(change: Partial<ProcessState>): void {
    Object.assign(this.state, change);
    this.changed();
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
  });
}

/** Whatever the process left in its group goes with it. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is empty: the usual case
  }
}

function openLog(file: string): number {
  mkdirSync(join(file, '..'), { recursive: true });
  if (existsSync(file) && statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

const HEAD_BYTES = 64 * 1024;

/** What a log holds from a place on, its first 64 KiB. */
function readFrom(file: string, start: number): string {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(file, 'r');
  try {
    return head.toString('utf8', 0, readSync(fd, head, 0, HEAD_BYTES, start));
  } finally {
    closeSync(fd);
  }
}
