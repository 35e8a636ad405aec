import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../activities/datasets/seeded-random.js';
import { checkoutRoot } from '../../infra/checkout.js';
import { createStackHome, type RunDocument, type StackHome } from '../slow/stack-home.js';
import { checkOutcome } from './checks.js';
import { chooseFault, type Fault, type Victim } from './faults.js';
import { startTeacherDoor } from './teacher-door.js';

/**
 * `npm run chaos -- --faults N --seed S`: sweeps run on a real stack while it is broken N times; then everything that must hold is
 * checked against the same sweeps run undisturbed. Prints the faults, the checks, and last `N passed, N failed`.
 */
const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.faults);
const seed = Number(values.seed);
if (!Number.isInteger(wanted) || wanted < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run chaos -- --faults N --seed S [--keep]');
  process.exit(2);
}
const { next: random } = seededRandom(seed, 'faults');
const say = (line: string) => process.stdout.write(`${line}\n`);

const SWEEPS_AT_ONCE = 2;
const PAUSE_MS = 700;
/** How long a run may take after the last fault before it counts as stuck. */
const PATIENCE_MS = 10 * 60_000;
const DISK_BYTES = 768 * 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), 'judo-chaos-'));
const here = join(checkoutRoot(), 'tests', 'chaos');
// Long enough that a training process can be killed in the middle.
const environment = { JUDO_PYTHON: join(here, 'stand-in-python.sh'), JUDO_SIMULATE_STEP_SECONDS: '0.2' };

/** A disk of its own for the home that is broken, so that it can be full. Null without the right to mount: then none is filled. */
function ownDisk(): { folder: string; bytes: number } | null {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'judo-chaos', disk]).status === 0;
  return mounted ? { folder: disk, bytes: DISK_BYTES } : null;
}

/** The sweep number `n`: four variants that share most stages. */
function sweepFile(n: number): string {
  const file = join(folder, `sweep-${n}.yaml`);
  const text = [
    'schema: 1',
    `name: sweep-${n}`,
    'recipe: recipe.yaml',
    `set: { seed: ${n} }`,
    'grid: { grpo.learningRate: [1e-6, 2e-6], dom-inj.epochs: [1, 2] }',
    '',
  ];
  writeFileSync(file, text.join('\n'));
  return file;
}

async function start(home: StackHome, n: number): Promise<string> {
  const name = `sweep-${n}`;
  for (;;) {
    const { code, stderr } = await home.judo('sweep', 'run', sweepFile(n), '--name', name, '--detach');
    if (code === 0 || stderr.includes('exists already')) return name;
    if (code === 2) throw new Error(`the sweep was refused:\n${stderr}`);
    await delay(500); // a server is away just now
  }
}

async function show(home: StackHome, run: string): Promise<RunDocument | null> {
  const { code, stdout } = await home.judo('show', run, '-o', 'json');
  try {
    return code === 3 ? null : (JSON.parse(stdout) as RunDocument);
  } catch {
    return null;
  }
}

/** Waits for a run as its operator: what is blocked because infrastructure failed too often is tried again. */
async function attend(home: StackHome, run: string, retries: string[], quietSince: () => number): Promise<RunDocument> {
  for (;;) {
    const shown = await show(home, run);
    if (shown !== null && shown.state === 'completed') return shown;
    if (shown?.state === 'blocked') {
      retries.push(run);
      await home.judo('retry', run, '--reason', 'chaos');
    }
    if (Date.now() > quietSince() + PATIENCE_MS) {
      if (shown === null) throw new Error(`run ${run} cannot be shown\n${home.logs()}`);
      return shown;
    }
    await delay(1_000);
  }
}

async function undisturbed(count: number): Promise<Map<string, RunDocument>> {
  const home = createStackHome('chaos-quiet', environment);
  try {
    await home.up();
    const documents = new Map<string, RunDocument>();
    for (let n = 0; n < count; n++) {
      const begun = Date.now();
      documents.set(`sweep-${n}`, await attend(home, await start(home, n), [], () => begun));
    }
    return documents;
  } finally {
    await home.remove();
  }
}

async function main(): Promise<number> {
  cpSync(join(here, 'recipe.yaml'), join(folder, 'recipe.yaml'));
  const bin = join(checkoutRoot(), 'dist', 'cli', 'bin.js');
  spawnSync(process.execPath, [bin, 'data', 'demo', join(folder, 'plant'), '--images', '12', '--seed', '5', '--size', '96']);
  if (!existsSync(join(folder, 'plant', 'mmad.json'))) throw new Error('the demo plant was not drawn');
  const door = await startTeacherDoor();
  const disk = ownDisk();
  const home = createStackHome('chaos', { ...environment, JUDO_TEACHER_URL: door.url }, disk?.folder);
  const victim: Victim = { home, door, diskBytes: disk?.bytes ?? null };
  const counts = new Map<string, number>();
  const struckAt: { readonly at: number; readonly fault: Fault }[] = [];
  const retries: string[] = [];
  await home.up();
  const attended: Promise<RunDocument>[] = [];
  let running = 0;
  let started = 0;
  let struck = 0;
  let lastFault = Date.now();
  try {
    while (struck < wanted) {
      while (running < SWEEPS_AT_ONCE) {
        running += 1;
        const n = started++;
        const ended = start(home, n).then((name) => attend(home, name, retries, () => lastFault));
        attended.push(ended);
        void ended.catch(() => undefined).finally(() => (running -= 1));
      }
      const fault = chooseFault(random);
      if (await fault.strike(victim)) {
        struck += 1;
        lastFault = Date.now();
        struckAt.push({ at: Date.now(), fault });
        counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
        if (struck % 25 === 0) say(`${struck} of ${wanted} faults, ${started} sweeps`);
      }
      await delay(PAUSE_MS * (0.5 + random()));
    }
    say(`no further faults; waiting for ${running} sweeps to end`);
    const documents = new Map((await Promise.all(attended)).map((document, n) => [`sweep-${n}`, document]));
    for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1])) say(`${String(count).padStart(5)}  ${name}`);
    if (victim.diskBytes === null) say('    -  disk full: not tried, a disk of its own cannot be mounted here');
    say(`${String(retries.length).padStart(5)}  retries by the operator, of stages whose infrastructure failed too often`);
    const expected = await undisturbed(started);
    return await checkOutcome({ home, door, documents, expected, struckAt }, say);
  } finally {
    if (!values.keep) {
      await home.remove();
      if (disk !== null) spawnSync('umount', [disk.folder]);
      rmSync(folder, { recursive: true, force: true });
    }
    await door.close();
  }
}

process.exit(await main());
