import { existsSync } from 'node:fs';
import type { Plan } from '../../contracts/plan.js';
import type { ArtifactStore } from '../../contracts/ports/artifact-store.js';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { StageRecord } from '../../contracts/record.js';
import type { RunStatus } from '../../contracts/run.js';
import { STAGE_KINDS } from '../../contracts/stages/index.js';
import { ReportParams } from '../../contracts/stages/report.js';
import { gatherReport } from './gather-report.js';
import { renderReport, type RenderedReport } from './render-report.js';

/**
 * The report of a run whose report stage has not run, from what its finished stages have filed. It says at its end what is missing
 * and why. Its gallery is drawn only where the dataset is on this machine.
 */
export async function partialReport(
  { plan, status }: { plan: Plan; status: RunStatus },
  { artifacts, codec }: { artifacts: Pick<ArtifactStore, 'record' | 'materialize'>; codec: ImageCodec },
): Promise<RenderedReport> {
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
  const { run, state, stages: statuses } = status;
  const galleryImages = galleryImagesOf(plan);
  const { root } = plan.sources.data;
  const dataRoot = existsSync(root) ? root : null;
  const input = await gatherReport({ plan, run, state, command: plan.command, records, statuses, folders, dataRoot, galleryImages }, codec);
  return renderReport({ ...input, missing: [partialNote(status, records.length), ...input.missing] });
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

function galleryImagesOf(plan: Plan): number {
  const stage = plan.stages.find((one) => one.kind === 'report');
  return ReportParams.parse(stage?.params ?? {}).galleryImages;
}
