/** Everything that `judo data check` can find wrong with a dataset. The set is closed, so that programs may rely on it. */
export type ProblemCode =
  | 'file-missing'
  | 'json-broken'
  | 'entry-invalid'
  | 'key-duplicate'
  | 'dataset-empty'
  | 'question-type-unknown'
  | 'answer-not-an-option'
  | 'path-leaves-root'
  | 'image-missing'
  | 'image-unreadable'
  | 'mask-missing'
  | 'mask-unreadable'
  | 'mask-size'
  | 'mask-empty'
  | 'template-missing'
  | 'template-unreadable'
  | 'snippet-missing';

/** One defect of a dataset: where it is, what was expected and got, and what a person does about it. */
export interface DatasetProblem {
  readonly code: ProblemCode;
  /** Relative to the dataset's root. */
  readonly file: string;
  /** The image's key in mmad.json; null where the problem is not one image's. */
  readonly key: string | null;
  readonly detail: string;
  readonly remedy: string;
}

/** One line for people. */
export function problemLine(problem: DatasetProblem): string {
  const where = problem.key === null || problem.key === problem.file ? problem.file : `${problem.file} (${problem.key})`;
  return `${problem.code}  ${where}: ${problem.detail}. ${problem.remedy}`;
}
