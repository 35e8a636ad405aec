import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import { ReportParams } from '../../contracts/stages/report.js';
import type { StageBody } from '../stage/context.js';
import { gatherReport } from './gather-report.js';
import { renderReport, type RenderedReport } from './render-report.js';

export interface WriteReportPorts {
  readonly codec: ImageCodec;
}

/** The body of a `report` stage. It runs when every other stage is done, so the run it tells of is completed. Output `report`. */
export function createWriteReport({ codec }: WriteReportPorts): StageBody {
  return async ({ task, stage, plan, inputDirs, inputRecords, outputDirs, onProgress }) => {
    onProgress({ phase: 'reading results', done: 0, total: 2, unit: 'steps', metrics: {}, checkpointStep: null });
    const input = await gatherReport(
      {
        plan,
        run: task.run,
        state: 'completed',
        command: plan.command,
        records: inputRecords,
        statuses: [],
        folders: inputDirs,
        dataRoot: inputDirs['data'] ?? null,
        galleryImages: ReportParams.parse(stage.params).galleryImages,
      },
      codec,
    );
    onProgress({ phase: 'writing the page', done: 1, total: 2, unit: 'steps', metrics: {}, checkpointStep: null });
    const report = renderReport(input);
    await writeReportFiles(report, outputDirs['report']!);
    const bytes = Buffer.byteLength(report.html);
    return {
      summary: {
        average: report.summary.results.filter((row) => row.images === 'all').at(-1)?.average?.percent ?? null,
        bytes,
        pictures: input.gallery.length,
        missing: report.summary.missing.length,
      },
      standIns: report.summary.standIns,
      environment: { node: process.version },
    };
  };
}

/** Writes a report's four files. Also used for the partial report of a run that is not done. */
export async function writeReportFiles(report: RenderedReport, folder: string): Promise<void> {
  await Promise.all([
    writeFile(join(folder, 'report.html'), report.html),
    writeFile(join(folder, 'summary.json'), `${JSON.stringify(report.summary, null, 2)}\n`),
    writeFile(join(folder, 'table.csv'), report.csv),
    writeFile(join(folder, 'table.md'), report.md),
  ]);
}
