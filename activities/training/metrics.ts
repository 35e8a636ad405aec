import { z } from 'zod';

/** The file of a training stage's output `metrics`; the report reads it. */
export const METRICS_FILE = 'metrics.jsonl';

/** A line of it. Without times, so that a run that was interrupted ends with the very file of one that was not. */
export const StepMetrics = z.strictObject({ step: z.int().nonnegative(), metrics: z.record(z.string(), z.number()) });
export type StepMetrics = z.infer<typeof StepMetrics>;

/** Text of a metrics file. */
export const metricsText = (lines: readonly StepMetrics[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Lines of a metrics file. */
export const readMetrics = (text: string): StepMetrics[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => StepMetrics.parse(JSON.parse(line)));

/** The metrics of one attempt, in the order of steps; steps that are trained again after a resume replace the old ones. */
export function createMetricsLog(resumed: readonly StepMetrics[] = []) {
  let lines = [...resumed];
  return {
    lines: (): readonly StepMetrics[] => lines,
    /** What came after the checkpoint that the trainer really went on from is dropped. */
    resumeAt: (step: number): void => {
      lines = lines.filter((line) => line.step <= step);
    },
    add: (line: StepMetrics): void => {
      while (lines.length > 0 && lines.at(-1)!.step >= line.step) lines.pop();
      lines.push(line);
    },
  };
}
