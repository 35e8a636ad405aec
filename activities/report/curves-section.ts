import { curveSvg, type Series } from './curve-svg.js';
import { html, type Html } from './html.js';
import type { Training } from './report-input.js';

interface Curve {
  readonly title: string;
  /** The series' name in this chart for a metric, or null when the metric belongs elsewhere. */
  readonly seriesName: (metric: string) => string | null;
}

const named =
  (title: string, name: string) =>
  (metric: string): string | null =>
    metric === name ? title : null;

/** `rewards/choice` is the part `choice`. */
const rewardPart = (metric: string): string | null => /^rewards\/(.+)$/.exec(metric)?.[1] ?? null;

/** The curves of UX.md, in reading order, by the trainers' names. A metric that none of them names is in `metrics.jsonl` only. */
const CURVES: readonly Curve[] = [
  { title: 'Loss', seriesName: named('loss', 'loss') },
  { title: 'Token accuracy', seriesName: named('token accuracy', 'token_accuracy') },
  { title: 'Reward, sum', seriesName: named('reward', 'reward') },
  { title: 'Reward, each part', seriesName: rewardPart },
  { title: 'KL to the reference', seriesName: named('KL', 'kl') },
  { title: 'Completion length, tokens', seriesName: named('length', 'completion_length') },
];

/** The training curves, a figure each. A stage whose metrics are missing says so. */
export function curvesSection(trainings: readonly Training[]): Html {
  return html`<section aria-labelledby="curves">
    <h2 id="curves">Training curves</h2>
    ${trainings.length === 0 && html`<p>No training stage has finished: there are no curves.</p>`}
    ${trainings.map((training) => {
      const charts = CURVES.flatMap((curve) => chartOf(training, curve));
      const steps = training.points.length;
      return html`<h3>${training.stage}</h3>
        ${charts.length === 0 ? html`<p>No metrics were filed for this stage.</p>` : html`<div class="curves">${charts}</div>`}
        ${steps > 0 && steps < 5 && html`<p class="note">Only ${steps} optimizer ${steps === 1 ? 'step' : 'steps'}: read no trend into this.</p>`}`;
    })}
    ${trainings.length > 0 && html`<p class="note">A line over more than 200 steps is the mean of equal spans; its band runs from the least to the greatest value in each.</p>`}
  </section>`;
}

function chartOf(training: Training, curve: Curve): Html[] {
  const series = new Map<string, { x: number; y: number }[]>();
  for (const { step, metrics } of training.points) {
    for (const [metric, value] of Object.entries(metrics)) {
      const name = curve.seriesName(metric);
      if (name === null || !Number.isFinite(value)) continue;
      series.set(name, [...(series.get(name) ?? []), { x: step, y: value }]);
    }
  }
  if (series.size === 0) return [];
  const lines: Series[] = [...series].map(([name, points]) => ({ name, points }));
  return [
    html`<figure>
      <figcaption>${curve.title}</figcaption>
      ${curveSvg({ title: `${curve.title} of ${training.stage}`, series: lines, xLabel: 'optimizer step' })}
    </figure>`,
  ];
}
