import type { StageRecord } from '../../contracts/record.js';
import type { ReportSummary } from '../../contracts/report-summary.js';
import type { StageOutcome } from '../../contracts/run.js';
import { dagSvg } from './dag-svg.js';
import { costText, countText, durationText, figureText } from './figures-as-text.js';
import { PUBLISHED_QUESTIONS } from './published-results.js';
import { html, type Html } from './html.js';
import type { ReportInput, ReportStage } from './report-input.js';
import { outcomeOf, writingStage } from './report-summary.js';

const SYMBOLS: Readonly<Record<StageOutcome, string>> = {
  ran: '✓',
  reused: '↺',
  skipped: '–',
  failed: '✗',
  blocked: '‖',
  running: '…',
  waiting: '○',
};

/** The graph with times and cache hits, and the same as a table with each stage's key and figures. */
export function stagesSection(input: ReportInput): Html {
  const boxes = input.stages.map((stage) => {
    const outcome = stage.id === writingStage(input) ? 'ran' : outcomeOf(stage, input.run);
    return {
      id: stage.id,
      className: outcome,
      symbol: SYMBOLS[outcome],
      line: stage.id === writingStage(input) ? 'this report' : stageLine(stage, outcome),
    };
  });
  return html`<section aria-labelledby="stages">
    <h2 id="stages">Stages</h2>
    <div class="wide">${dagSvg(input.plan, boxes)}</div>
    <p class="note">
      ✓ ran in this run · ↺ reused: an equal stage had been done before, the time is what it took then · ✗ failed · ‖ blocked · ○ waiting
    </p>
    <div class="wide">
      <table class="text">
        <caption>
          Each stage, its key and the figures it filed.
        </caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Outcome</th>
            <th scope="col">Time</th>
            <th scope="col">Attempts</th>
            <th scope="col">Key</th>
            <th scope="col">Figures</th>
          </tr>
        </thead>
        <tbody>
          ${input.stages.filter((stage) => stage.id !== writingStage(input)).map((stage) => stageRow(stage, outcomeOf(stage, input.run)))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function stageLine({ record }: ReportStage, outcome: StageOutcome): string {
  if (record === null) return outcome;
  const time = durationText(Date.parse(record.finishedAt) - Date.parse(record.startedAt));
  return outcome === 'reused' ? `reused (${time})` : time;
}

function stageRow({ id, record, status }: ReportStage, outcome: StageOutcome): Html {
  const time = record === null ? '–' : durationText(Date.parse(record.finishedAt) - Date.parse(record.startedAt));
  const key = record?.key ?? status?.key ?? null;
  return html`<tr>
    <th scope="row">${id}</th>
    <td>${SYMBOLS[outcome]} ${outcome}${outcome === 'reused' && html`<small>made by ${record?.run}</small>`}</td>
    <td>${time}</td>
    <td>${record?.attempts ?? status?.attempts ?? 0}</td>
    <td class="mono">${key === null ? 'not known yet' : key.slice(0, 12)}</td>
    <td>${record === null ? (status?.failure?.message ?? '–') : summaryText(record.summary)}</td>
  </tr>`;
}

const summaryText = (summary: StageRecord['summary']): string =>
  Object.entries(summary)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? figureText(value) : String(value ?? 'none')}`)
    .join(' · ');

/** Calls, tokens and money of each stage that asked the teacher. */
export function teacherSection({ teacherUsage, teacher }: ReportSummary): Html {
  const ours = teacherUsage.filter((usage) => !usage.reused);
  const sum = (pick: (usage: ReportSummary['teacherUsage'][number]) => number) =>
    countText(ours.reduce((total, usage) => total + pick(usage), 0));
  return html`<section aria-labelledby="teacher">
    <h2 id="teacher">Teacher</h2>
    ${
      teacherUsage.length === 0
        ? html`<p>No stage has asked the teacher (${teacher}), or none has finished.</p>`
        : html`<div class="wide">
            <table>
              <caption>
                Calls over the wire were paid; filed answers were found in the ledger and cost nothing. The total is this run's own.
              </caption>
              <thead>
                <tr>
                  <th scope="col">Stage</th>
                  <th scope="col">Model</th>
                  <th scope="col">Calls made</th>
                  <th scope="col">Found filed</th>
                  <th scope="col">Refused</th>
                  <th scope="col">Cut</th>
                  <th scope="col">Tokens in</th>
                  <th scope="col">Tokens out</th>
                  <th scope="col">Cost</th>
                </tr>
              </thead>
              <tbody>
                ${teacherUsage.map(
                  (usage) =>
                    html`<tr>
                      <th scope="row">${usage.stage}${usage.reused && html`<small>reused: paid by another run</small>`}</th>
                      <td>${usage.model}</td>
                      <td>${countText(usage.paidCalls)}</td>
                      <td>${countText(usage.filedCalls)}</td>
                      <td>${countText(usage.refused)}</td>
                      <td>${countText(usage.truncated)}</td>
                      <td>${countText(usage.inputTokens)}</td>
                      <td>${countText(usage.outputTokens)}</td>
                      <td>${costText([usage])}</td>
                    </tr>`,
                )}
                <tr class="ours key">
                  <th scope="row">This run</th>
                  <td></td>
                  <td>${sum((u) => u.paidCalls)}</td>
                  <td>${sum((u) => u.filedCalls)}</td>
                  <td>${sum((u) => u.refused)}</td>
                  <td>${sum((u) => u.truncated)}</td>
                  <td>${sum((u) => u.inputTokens)}</td>
                  <td>${sum((u) => u.outputTokens)}</td>
                  <td>${costText(ours)}</td>
                </tr>
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

/** What a reader must not conclude from this page, and what is missing from it. */
export function limitsSection(input: ReportInput, summary: ReportSummary): Html {
  const evaluations = input.plan.stages.filter((stage) => stage.kind === 'mmad-eval');
  const limited = evaluations.filter((stage) => typeof stage.params['limitImages'] === 'number');
  const seeds = new Set(input.plan.stages.flatMap((stage) => (typeof stage.params['seed'] === 'number' ? [stage.params['seed']] : [])));
  const limits = [
    ...summary.missing,
    ...limited.map(
      (stage) =>
        `${stage.id} asked about ${String(stage.params['limitImages'])} images only, a seeded sample over classes and defects: its figures are not those of the whole benchmark.`,
    ),
    ...(summary.results.some((row) => row.images === 'all' && row.questions < PUBLISHED_QUESTIONS)
      ? [
          `The published rows rest on all ${countText(PUBLISHED_QUESTIONS)} questions of MMAD; the rows of this run do not. The columns have the same meaning, not the same questions.`,
        ]
      : []),
    ...(seeds.size === 1
      ? [
          `One run with seed ${[...seeds].join()}: the intervals cover the choice of questions, not the luck of training. Repeat with other seeds before comparing methods.`,
        ]
      : []),
    ...(evaluations.some((stage) => stage.params['promptProfile'] === 'judo_eval')
      ? ["The prompts are those of JUDO's own evaluation (judo_eval); its paper publishes no prompt text, so the wording is ours."]
      : []),
  ];
  return html`<section aria-labelledby="limits">
    <h2 id="limits">Limits, and what is missing</h2>
    ${
      limits.length === 0
        ? html`<p>Nothing is known to be missing.</p>`
        : html`<ul>
            ${limits.map((limit) => html`<li>${limit}</li>`)}
          </ul>`
    }
  </section>`;
}

/** Versions and devices as the stages saw them; where stages differ, each value names its stages. */
export function environmentSection(input: ReportInput): Html {
  const values = new Map<string, Map<string, string[]>>();
  for (const { id, record } of input.stages) {
    for (const [name, value] of Object.entries(record?.environment ?? {})) {
      const stagesOf = values.get(name) ?? new Map<string, string[]>();
      stagesOf.set(value, [...(stagesOf.get(value) ?? []), id]);
      values.set(name, stagesOf);
    }
  }
  const { model, data } = input.plan.sources;
  return html`<section aria-labelledby="environment">
    <h2 id="environment">Environment and versions</h2>
    <div class="wide">
      <table class="text">
        <caption>
          What could matter to someone who runs this again.
        </caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">base model artifact</th>
            <td class="mono">${model.artifact.digest}</td>
          </tr>
          <tr>
            <th scope="row">data artifact</th>
            <td class="mono">${data.artifact.digest} (${countText(data.artifact.files)} files)</td>
          </tr>
          ${[...values]
            .sort(([a], [b]) => a.localeCompare(b))
            .map(
              ([name, stagesOf]) =>
                html`<tr>
                  <th scope="row">${name}</th>
                  <td>
                    ${[...stagesOf].map(([value, ids]) => html`${value}${stagesOf.size > 1 && html` <span class="soft">(${ids.join(', ')})</span>`}<br />`)}
                  </td>
                </tr>`,
            )}
        </tbody>
      </table>
    </div>
  </section>`;
}
