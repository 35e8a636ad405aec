import type { z } from 'zod';
import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { Plan } from '../../contracts/plan.js';
import type { StageBody } from '../stage/context.js';
import type { TeacherLedger } from '../teacher/ledger.js';
import type { SynthesisContext, SynthesisResult, TeacherParams } from './synthesis-context.js';

export interface TeacherStageDeps {
  readonly codec: ImageCodec;
  /** The ledger before the teacher that this plan and model name. Throws TeacherRefused when there is no key for it. */
  readonly ledgerFor: (plan: Plan, teacherModel: string) => TeacherLedger;
}

/** Makes a teacher stage's body of a synthesis function: validates its slice, opens the ledger, collects what it found. */
export function teacherStage<Params extends TeacherParams>(
  deps: TeacherStageDeps,
  params: z.ZodType<Params>,
  synthesize: (context: SynthesisContext<Params>) => Promise<SynthesisResult>,
): StageBody {
  return async ({ stage, plan, inputDirs, outputDirs, signal, onProgress, firstAttemptAt }) => {
    const slice = params.parse(stage.params);
    const { summary, usage, standIns } = await synthesize({
      params: slice,
      dataRoot: inputDirs['data']!,
      inputDirs,
      outputDir: outputDirs['rows']!,
      codec: deps.codec,
      ledger: deps.ledgerFor(plan, slice.teacherModel),
      concurrency: plan.runtime.teacherConcurrency,
      signal,
      onProgress,
      paidSince: firstAttemptAt,
    });
    return {
      summary,
      teacher: usage,
      standIns: [...standIns, ...(plan.sources.data.demoPlant ? (['demo-plant'] as const) : [])],
      environment: { node: process.version },
    };
  };
}
