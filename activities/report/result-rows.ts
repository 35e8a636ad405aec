import type { ScoredAnswer } from '../../contracts/question.js';
import type { ResultRow } from '../../contracts/report-summary.js';
import { scoreAnswers } from '../evaluation/scoring.js';
import type { Evaluation } from './report-input.js';

/** The rows of the results table: every evaluation on all its images, then every one without the images that training saw, if it saw any. */
export function resultRows(evaluations: readonly Evaluation[], trainedImages: ReadonlySet<string> | null): ResultRow[] {
  const all = evaluations.map((evaluation) => resultRow(evaluation, 'all', evaluation.answers));
  if (trainedImages === null || trainedImages.size === 0) return all;
  const untrained = evaluations.map((evaluation) =>
    resultRow(
      evaluation,
      'untrained',
      evaluation.answers.filter((answer) => !trainedImages.has(answer.imageKey)),
    ),
  );
  return [...all, ...untrained];
}

function resultRow(evaluation: Evaluation, images: ResultRow['images'], answers: readonly ScoredAnswer[]): ResultRow {
  const scores = scoreAnswers(answers, evaluation.scoreProfile);
  return {
    stage: evaluation.stage,
    policy: evaluation.policy,
    images,
    scoreProfile: evaluation.scoreProfile,
    imageCount: new Set(answers.map((answer) => answer.imageKey)).size,
    questions: answers.length,
    unparseable: scores.unparseable,
    dropped: scores.dropped,
    micro: scores.micro,
    average: scores.overall.average,
    columns: { ...scores.overall.subtasks },
    datasets: Object.entries(scores.datasets).map(([dataset, one]) => ({
      dataset,
      questions: answers.filter((answer) => answer.dataset === dataset).length,
      average: one.average,
      columns: { ...one.subtasks },
    })),
  };
}
