import { z } from 'zod';
import { StageError } from '../../contracts/failure.js';
import { FRESH_TEACHER } from '../../contracts/stages/teacher-params.js';
import type { TeacherRequest } from '../../contracts/teacher.js';
import { fanOut } from '../teacher/fan-out.js';
import { createUsageMeter } from '../teacher/usage.js';
import type { SynthesisContext, SynthesisResult, TeacherParams } from './synthesis-context.js';
import type { TeacherPicture } from './teacher-picture.js';
import type { TeacherPrompt } from './teacher-prompts.js';

/** An answer that breaks a rule which the schema cannot say (its length, say) is asked again at most so often. */
const ROUNDS = 3;
/** Above this share of lost rows the data would be another data set: a person decides. */
const MOST_LOST = 0.05;

/** One stage's dealings with the teacher: asks, counts, tells progress, and judges what was lost. */
export interface Asking {
  /** The validated answer, or null where every sample was refused, cut, invalid or not accepted. */
  ask<Input, Output>(
    prompt: TeacherPrompt<Input, Output>,
    input: Input,
    options?: { pictures?: readonly TeacherPicture[]; accept?: (output: Output) => boolean },
  ): Promise<Output | null>;
  /** `fanOut` with the stage's concurrency, signal and progress. */
  each<Item, Result>(phase: string, unit: string, items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]>;
  /** Throws TeacherRefused when too much is lost. */
  judgeLosses(what: string, lost: number, total: number): void;
  result(summary: SynthesisResult['summary']): SynthesisResult;
}

export function createAsking(context: SynthesisContext<TeacherParams>): Asking {
  const { params, ledger, signal } = context;
  const meter = createUsageMeter({
    model: params.teacherModel,
    prices: ledger.prices,
    ...(context.paidSince && { paidSince: context.paidSince }),
  });
  return {
    async ask(prompt, input, { pictures = [], accept = () => true } = {}) {
      const request = toRequest(prompt, input, params, pictures);
      const loadImages = (): Promise<Buffer[]> => Promise.all(pictures.map((picture) => picture.load()));
      for (let round = 0, sampleIndex = 0; round < ROUNDS; round++) {
        const result = await ledger.ask({ ...request, sampleIndex }, loadImages, signal);
        meter.add(result);
        if (result.answer.status !== 'ok') return null;
        const output = prompt.output.safeParse(result.answer.content);
        if (output.success && accept(output.data)) return output.data;
        sampleIndex += result.calls.length;
      }
      return null;
    },

    each(phase, unit, items, work) {
      return fanOut(
        items,
        {
          concurrency: context.concurrency,
          ...(signal && { signal }),
          onProgress: ({ done, total }) => {
            const { paidCalls, filedCalls, inputTokens, outputTokens, usd } = meter.total();
            const metrics = { paidCalls, filedCalls, inputTokens, outputTokens, ...(usd !== null && { usd }) };
            context.onProgress({ phase, done, total, unit, metrics, checkpointStep: null });
          },
        },
        work,
      );
    },

    judgeLosses(what, lost, total) {
      if (lost <= total * MOST_LOST) return;
      const { refused, truncated } = meter.total();
      throw new StageError({
        type: 'TeacherRefused',
        message: `${lost} of ${total} ${what} are lost: the teacher ${params.teacherModel} gave no usable answer after ${ROUNDS} samples each (${refused} answers refused, ${truncated} cut, the others invalid or outside the asked form)`,
        remedy: `raise maxOutputTokens (${params.maxOutputTokens}) where answers were cut, or name another teacher.model, then retry: usable answers are filed and not paid again`,
      });
    },

    result: (summary) => ({
      summary: { ...summary, teacher: params.teacherModel },
      usage: meter.total(),
      standIns: meter.rehearsal ? ['rehearsal-teacher'] : [],
    }),
  };
}

function toRequest<Input, Output>(
  prompt: TeacherPrompt<Input, Output>,
  input: Input,
  params: TeacherParams,
  pictures: readonly TeacherPicture[],
): TeacherRequest {
  return {
    model: params.teacherModel,
    promptVersion: prompt.version,
    system: prompt.system,
    user: prompt.user(input),
    images: pictures.map(({ digest, mediaType }) => ({ digest, mediaType })),
    schema: { name: prompt.name, schema: z.record(z.string(), z.unknown()).parse(z.toJSONSchema(prompt.output)) },
    temperature: params.temperature,
    maxOutputTokens: params.maxOutputTokens,
    sampleIndex: 0,
    ...(params.salt.startsWith(FRESH_TEACHER) ? { salt: params.salt } : {}),
  };
}

/** Words as the published rows are counted: by white space. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
