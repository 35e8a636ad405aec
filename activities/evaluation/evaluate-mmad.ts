import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import { SUBTASKS, type ScoredAnswer } from '../../contracts/question.js';
import type { StandIn } from '../../contracts/record.js';
import type { InferenceAnswer } from '../../contracts/rows.js';
import { MmadEvalParams } from '../../contracts/stages/mmad-eval.js';
import type { Plan } from '../../contracts/plan.js';
import { readMmad } from '../datasets/mmad-dataset.js';
import type { InferenceOptions } from '../inference/run-inference.js';
import type { StageBody } from '../stage/context.js';
import { readLetter } from './answers.js';
import { buildEvaluation, type AskedQuestion } from './build-evaluation.js';
import { scoreAnswers, type BenchmarkScores } from './scoring.js';

/** Answers every request, resuming from the shards that are filed under the stage key. */
export type RunInference = (options: InferenceOptions) => Promise<readonly InferenceAnswer[]>;

/** The body of a `mmad-eval` stage: asks, reads the letters, scores. Output `answers`: `answers.jsonl` (ScoredAnswer), `scores.json`. */
export function createEvaluateMmad({ runInference }: { runInference: RunInference }): StageBody {
  return async ({ task, stage, plan, inputDirs, outputDirs, attempt, signal, onProgress }) => {
    const params = MmadEvalParams.parse(stage.params);
    const { data, policy } = inputDirs;
    if (data === undefined || policy === undefined) {
      throw new StageError({
        type: 'InvalidSpec',
        message: `stage ${stage.id} needs the inputs data and policy, got ${Object.keys(inputDirs).join(', ')}`,
      });
    }
    const { requests, asked } = buildEvaluation(await readMmad(data), params);
    const answers = await runInference({
      stageKey: task.key,
      policyDir: policy,
      imagesDir: data,
      requests,
      params: { imageSize: params.imageSize, maxNewTokens: params.maxNewTokens },
      seed: params.seed,
      deviceBatch: plan.runtime.deviceBatch.infer,
      logKey: objectKeys.runLog(task.run, task.stage, task.key, attempt),
      signal,
      onProgress,
    });
    const scored = readAnswers(asked, answers, params.promptProfile);
    const scores = scoreAnswers(scored, params.scoreProfile);
    const output = outputDirs['answers']!;
    await writeFile(join(output, 'answers.jsonl'), scored.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
    await writeFile(join(output, 'scores.json'), `${JSON.stringify(scores, null, 2)}\n`);
    return { summary: summaryOf(scores), standIns: standIns(plan), environment: { node: process.version } };
  };
}

/** Answers in the order asked, each with its letter and whether it is right. A question without an answer is an error, never a wrong answer. */
export function readAnswers(
  asked: readonly AskedQuestion[],
  answers: readonly InferenceAnswer[],
  profile: MmadEvalParams['promptProfile'],
): ScoredAnswer[] {
  const texts = new Map(answers.map((answer) => [answer.id, answer.text]));
  const unanswered = asked.filter((one) => !texts.has(one.id));
  if (unanswered.length > 0) {
    throw new StageError({
      type: 'Transient',
      message: `inference ended with ${unanswered.length} of ${asked.length} questions unanswered, the first ${unanswered[0]!.id}`,
      remedy: 'Retry the stage: answers that are filed are kept',
    });
  }
  return asked.map(({ id, imageKey, dataset, object, defect, type, options, answer }) => {
    const text = texts.get(id)!;
    const chosen = readLetter(text, options, profile);
    return { id, imageKey, dataset, object, defect, type, answer, chosen, correct: chosen === answer, text };
  });
}

/** Percentages rounded for people; `scores.json` has them whole. */
function summaryOf(scores: BenchmarkScores): Record<string, number | null> {
  const percent = (score: { percent: number } | null) => (score === null ? null : Number(score.percent.toFixed(2)));
  return {
    average: percent(scores.overall.average),
    micro: percent(scores.micro),
    n: scores.n,
    unparseable: scores.unparseable,
    ...Object.fromEntries(SUBTASKS.map((subtask) => [subtask, percent(scores.overall.subtasks[subtask])])),
  };
}

function standIns({ sources }: Plan): StandIn[] {
  return [...(sources.model.tiny ? (['tiny-model'] as const) : []), ...(sources.data.demoPlant ? (['demo-plant'] as const) : [])];
}
