import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSweep } from '../activities/stage/plan-store.js';
import { STAGE_KINDS } from '../contracts/stages/index.js';
import { ReportParams } from '../contracts/stages/report.js';
import type { Plan } from '../contracts/plan.js';
import type { StageRecord } from '../contracts/record.js';
import type { RunStatus } from '../contracts/run.js';
import { gatherReport } from '../activities/report/gather-report.js';
import { renderReport } from '../activities/report/render-report.js';
import { writeReportFiles } from '../activities/report/write-report.js';
import { createSharpCodec } from '../adapters/image-codec/sharp.js';
import { CliError, EXIT } from './exit-codes.js';
import { reportDirectory, type ReportFiles } from './report-directory.js';
import type { Session } from './session.js';

/**
 * The report of a run whose report stage has not run: written here, from what its finished stages have filed. It says at its
 * end what is missing and why; the report stage's own takes its place later.
 */
export async function writePartialReport(session: Session, status: RunStatus): Promise<ReportFiles> {
  const { artifacts, plans } = await session.stores();
  const plan = await plans.read(status.plan);
  if (isSweep(plan))
    throw new CliError(EXIT.usage, `run ${status.run} is a sweep: its table is its report`, `judo sweep show ${status.run}`);
  const records: StageRecord[] = [];
  const folders: Record<string, string> = {};
  for (const { stage, key, outcome } of status.stages) {
    if (key === null || (outcome !== 'ran' && outcome !== 'reused')) continue;
    const record = await artifacts.record(key);
    if (record === null) continue;
    records.push(record);
    for (const output of readOutputs(plan, stage)) {
      const ref = record.outputs[output];
      if (ref !== undefined) folders[`${stage}.${output}`] = await artifacts.materialize(ref.digest);
    }
  }
  const input = await gatherReport(
    {
      plan,
      run: status.run,
      state: status.state,
      command: plan.command,
      records,
      statuses: status.stages,
      folders,
      dataRoot: existsSync(plan.sources.data.root) ? plan.sources.data.root : null,
      galleryImages: galleryImages(plan),
    },
    createSharpCodec(),
  );
  const report = renderReport({ ...input, missing: [partialNote(status, records.length), ...input.missing] });
  const directory = reportDirectory(session, status.run);
  await mkdir(directory, { recursive: true });
  await writeReportFiles(report, directory);
  return { html: join(directory, 'report.html'), csv: join(directory, 'table.csv'), summary: report.summary };
}

/** `3 of 9 stages are done; the run is blocked`. */
export function partialNote(status: RunStatus, done: number): string {
  return `This report is partial: ${done} of ${status.stages.length} stages are done, and the run is ${status.state}.`;
}

/** What a report reads of a stage: everything but policies, which are gigabytes. */
function readOutputs(plan: Plan, id: string): readonly string[] {
  const stage = plan.stages.find((one) => one.id === id);
  if (stage === undefined) return [];
  return stage.outputs.filter((output) => output !== STAGE_KINDS[stage.kind]?.passThrough?.output && output !== 'report');
}

function galleryImages(plan: Plan): number {
  const stage = plan.stages.find((one) => one.kind === 'report');
  return ReportParams.parse(stage?.params ?? {}).galleryImages;
}
