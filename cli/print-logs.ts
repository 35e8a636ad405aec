import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { splitLabel } from '../activities/stage/plan-store.js';
import type { RunStatus, StageStatus } from '../contracts/run.js';
import { CliError, EXIT } from './exit-codes.js';
import { knownStatus } from './known-status.js';
import { runStatus } from './run-view.js';
import type { Session } from './session.js';

const POLL_MS = 500;

/** Logs that attempts filed in the store, then the live log of a stage that runs on this machine. */
export async function printLogs(session: Session, run: string, stage: string | undefined, follow: boolean): Promise<void> {
  const { objects } = await session.stores();
  const status = await knownStatus(session, run);
  if (stage !== undefined && !status.stages.some((one) => one.stage === stage)) {
    throw new CliError(
      EXIT.notFound,
      `run ${run} has no stage "${stage}"`,
      `its stages: ${status.stages.map((one) => one.stage).join(', ')}`,
    );
  }
  let printed = 0;
  for await (const { key } of objects.list(`v1/runs/${run}/logs/`)) {
    const name = key
      .split('/')
      .at(-1)!
      .replace(/\.log$/, '');
    if (stage !== undefined && !isLogOf(name, stage, status)) continue;
    process.stdout.write(`==> ${name} <==\n`);
    process.stdout.write((await objects.get(key)) ?? '');
    printed += 1;
  }
  const running = status.stages.filter((one) => one.outcome === 'running' && (stage === undefined || one.stage === stage));
  for (const one of running) printed += await printLive(session, run, one, follow);
  if (printed === 0) {
    const reused = status.stages.find((one) => one.stage === stage)?.outcome === 'reused';
    process.stderr.write(
      reused ? `${stage} was reused from an earlier run: its log is there\n` : 'no log: only stages that run on the GPU queue keep one\n',
    );
  }
}

/** `grpo-0123456789ab-2`: stage, key, attempt. A variant's stage is told by its key; alone, a stage has the logs of all its keys. */
function isLogOf(name: string, label: string, status: RunStatus): boolean {
  const [, id = '', key = ''] = /^(.*)-([0-9a-f]{12})-\d+$/.exec(name) ?? [];
  if (splitLabel(label).variant === null) return id === label;
  return key !== '' && status.stages.find(({ stage }) => stage === label)?.key?.startsWith(key) === true;
}

/** The log of a job that this machine's GPU host runs now. Returns how many files were printed. */
async function printLive(session: Session, run: string, stage: StageStatus, follow: boolean): Promise<number> {
  const directory = join(session.settings.home, 'work', 'jobs', stage.key ?? '');
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const name = names
    .filter((one) => one.endsWith('.log'))
    .sort()
    .at(-1);
  if (name === undefined) return 0;
  process.stdout.write(`==> ${stage.stage} (running) <==\n`);
  const file = await open(join(directory, name));
  let offset = 0;
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, offset);
      offset += bytesRead;
      process.stdout.write(buffer.subarray(0, bytesRead));
      if (bytesRead > 0) continue;
      if (!follow || (await runStatus(session, run)).stages.find((one) => one.stage === stage.stage)?.outcome !== 'running') return 1;
      await delay(POLL_MS);
    }
  } finally {
    await file.close();
  }
}
