import { forEachAtOnce } from '../activities/artifacts/transfer.js';
import { createRecords } from '../activities/artifacts/records.js';
import { objectKeys, type Digest } from '../contracts/artifact.js';
import type { Plan } from '../contracts/plan.js';
import type { ObjectStore } from '../contracts/ports/object-store.js';
import type { StageRecord } from '../contracts/record.js';
import { inputDigests } from '../workflows/core/schedule.js';
import { digestOf, stageKey } from '../workflows/core/stage-key.js';

/** Files a record of every stage of a plan, as if each had run: its outputs are made up, all else is a real one's. */
export async function fileRecords(plan: Plan, objects: ObjectStore): Promise<string[]> {
  const records = recordsOf(plan);
  const { fileRecord } = createRecords(objects);
  await forEachAtOnce(records, undefined, async (record) => void (await fileRecord(record)));
  return records.map(({ key }) => objectKeys.record(key));
}

function recordsOf(plan: Plan): StageRecord[] {
  const done = new Map<string, Record<string, Digest>>();
  // Plans are in topological order: what a stage reads is made before it.
  return plan.stages.map((stage): StageRecord => {
    const inputs = inputDigests(stage, done);
    if (inputs === null) throw new Error(`${stage.id} reads what no stage before it makes`);
    const { kind, implementationVersion, params } = stage;
    const key = stageKey(stage, inputs);
    const outputs = Object.fromEntries(stage.outputs.map((output) => [output, digestOf([key, output])]));
    done.set(stage.id, outputs);
    return {
      ...{ schemaVersion: 1, key, stage: stage.id, kind, implementationVersion, params, inputs },
      outputs: Object.fromEntries(Object.entries(outputs).map(([output, digest]) => [output, { digest, files: 3, bytes: 4096 }])),
      ...{ summary: { rows: 100 }, standIns: ['tiny-model'], run: 'bench', attempts: 1, environment: { node: process.version } },
      ...{ startedAt: '2026-11-21T18:00:00.000Z', finishedAt: '2026-11-21T18:10:00.000Z' },
    };
  });
}
