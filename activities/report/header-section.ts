import type { ReportSummary } from '../../contracts/report-summary.js';
import { costText, durationText, timeText } from './figures-as-text.js';
import { html, type Html } from './html.js';
import type { ReportInput, ReportStage } from './report-input.js';

/** What was run, how it ended and what it cost; on a failure what failed, the remedy first. */
export function headerSection(input: ReportInput, summary: ReportSummary): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['Base model', `${summary.model}${input.plan.sources.model.tiny ? ' (random weights)' : ''}`],
    ['Teacher', summary.teacher],
    ['Data', input.plan.sources.data.root],
    ['Started', summary.startedAt === null ? 'no stage ran' : timeText(summary.startedAt)],
    ['Wall clock', wallClock(summary)],
    ['Stage time', durationText(summary.stageSeconds * 1000)],
    ['Stages', stageCounts(summary)],
    ['Teacher cost', costText(summary.teacherUsage.filter((usage) => !usage.reused))],
  ];
  return html`<header>
    <h1>${summary.recipe}<span class="badge ${summary.state}">${STATE_SYMBOLS[summary.state]} ${summary.state}</span></h1>
    <p class="soft">Run <span class="mono">${summary.run}</span></p>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${input.stages.map((stage) => failureBox(stage, summary.run))}
    <p class="soft">To get this run again:</p>
    <pre>${summary.command}</pre>
  </header>`;
}

const STATE_SYMBOLS: Readonly<Record<ReportSummary['state'], string>> = {
  completed: '✓',
  failed: '✗',
  blocked: '‖',
  cancelled: '○',
  running: '…',
};

function wallClock({ startedAt, finishedAt }: ReportSummary): string {
  return startedAt === null || finishedAt === null ? '–' : durationText(Date.parse(finishedAt) - Date.parse(startedAt));
}

function stageCounts({ stages }: ReportSummary): string {
  const outcomes = new Map<string, number>();
  for (const { outcome } of stages) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  return [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}

function failureBox({ id, status }: ReportStage, run: string): Html | false {
  const failure = status?.failure;
  if (failure === null || failure === undefined) return false;
  return html`<section class="failure">
    <h3>Stage ${id} ${status?.outcome === 'blocked' ? 'is blocked' : 'failed'}: ${failure.type}</h3>
    ${failure.remedy !== undefined && html`<p><strong>${failure.remedy}</strong></p>`}
    <p>${failure.message}</p>
    <pre>judo retry ${run} ${id}</pre>
    ${
      failure.logTail !== undefined &&
      html`<details>
        <summary>The last lines of its log</summary>
        <pre>${failure.logTail}</pre>
      </details>`
    }
    ${failure.logRef !== undefined && html`<p class="note">The whole log: <span class="mono">${failure.logRef}</span></p>`}
  </section>`;
}
