import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StackHome } from '../slow/stack-home.js';
import type { DoorMood, TeacherDoor } from './teacher-door.js';

/** What faults are done to. */
export interface Victim {
  readonly home: StackHome;
  readonly door: TeacherDoor;
  /** Bytes of the disk that the home is alone on; null when it shares the machine's, which is never filled. */
  readonly diskBytes: number | null;
}

export interface Fault {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** It kills the worker process: an answer that was on its way to it is lost. No other fault excuses a second payment. */
  readonly killsTeacherWorker?: true;
  /** Does it, and ends when it is over. False: there was nothing to do it to just now. */
  strike(victim: Victim): Promise<boolean>;
}

const FROZEN_MS = 2_500;
const MOOD_MS = 2_000;
const FULL_MS = 1_500;

/** A signal to a part of the stack, if it runs. */
function send({ home }: Victim, part: string, signal: NodeJS.Signals): boolean {
  const { pid } = home.part(part);
  if (pid === null) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const kill = (part: string, weight: number): Fault => ({
  name: `kill -9 ${part}`,
  weight,
  ...(part === 'workers' ? { killsTeacherWorker: true } : {}),
  strike: async (victim) => send(victim, part, 'SIGKILL'),
});

/** Frozen, a server keeps its connections and answers nothing: what a cut network looks like from the other side. */
const freeze = (parts: readonly string[], weight: number): Fault => ({
  name: `no network to ${parts.join(' and ')}`,
  weight,
  async strike(victim) {
    const frozen = parts.filter((part) => send(victim, part, 'SIGSTOP'));
    await delay(FROZEN_MS);
    for (const part of frozen) send(victim, part, 'SIGCONT');
    return frozen.length > 0;
  },
});

const teacher = (mood: DoorMood, weight: number): Fault => ({
  name: `teacher: ${mood}`,
  weight,
  async strike({ door }) {
    door.setMood(mood);
    await delay(MOOD_MS);
    door.setMood('open');
    return true;
  },
});

const killTrainer: Fault = {
  name: 'kill -9 a training process',
  weight: 20,
  async strike({ home }) {
    const job = home.processes().find(({ command }) => command.includes('fake_trainer'));
    if (job === undefined) return false;
    try {
      return process.kill(job.pid, 'SIGKILL');
    } catch {
      return false;
    }
  },
};

/** Both workers end in order and come back, as when a new version is deployed. */
const deploy: Fault = {
  name: 'deploy (SIGTERM to every worker)',
  weight: 6,
  strike: async (victim) => [send(victim, 'workers', 'SIGTERM'), send(victim, 'gpu-host', 'SIGTERM')].some(Boolean),
};

const fillDisk: Fault = {
  name: 'disk full',
  weight: 5,
  async strike({ home, diskBytes }) {
    if (diskBytes === null) return false;
    const filler = join(home.path, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(diskBytes));
    } catch {
      // full, as wanted
    }
    await delay(FULL_MS);
    rmSync(filler, { force: true });
    return true;
  },
};

export const FAULTS: readonly Fault[] = [
  killTrainer,
  kill('gpu-host', 12),
  kill('workers', 8),
  kill('s3', 12),
  kill('temporal', 5),
  freeze(['s3'], 8),
  freeze(['temporal'], 5),
  freeze(['s3', 'temporal'], 3),
  teacher('rate-limit', 5),
  teacher('server-error', 5),
  teacher('hang', 3),
  teacher('slow', 3),
  deploy,
  fillDisk,
];

/** One fault by its weight. */
export function chooseFault(random: () => number): Fault {
  const total = FAULTS.reduce((sum, { weight }) => sum + weight, 0);
  let at = random() * total;
  return FAULTS.find(({ weight }) => (at -= weight) < 0) ?? FAULTS[0]!;
}
