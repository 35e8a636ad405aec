import { SUBTASKS } from '../../contracts/question.js';
import type { Figure, ReportSummary, ResultRow } from '../../contracts/report-summary.js';
import { countText } from './figures-as-text.js';
import { html, type Html } from './html.js';
import { PUBLISHED_BASE, PUBLISHED_QUESTIONS, PUBLISHED_ROWS, PUBLISHED_SOURCE, type PublishedRow } from './published-results.js';

/** The results table beside the paper's, then the same per dataset. */
export function resultsSection(summary: ReportSummary): Html {
  return html`<section aria-labelledby="results">
    <h2 id="results">Results</h2>
    ${summary.results.length === 0 ? html`<p>No evaluation has finished, so there are no results to show. The paper's rows are below for reference.</p>` : verdict(summary)}
    ${mainTable(summary)} ${summary.results.length > 0 && [readingNotes(summary), datasetTable(summary)]}
  </section>`;
}

/** One sentence a policy on all images, against the first one, so that a reader need not search the table. */
function verdict({ results, standIns }: ReportSummary): Html | false {
  const rows = results.filter((row) => row.images === 'all');
  const [first, ...others] = rows;
  if (first === undefined || first.average === null) return false;
  const base = first.average;
  return html`${others.map(({ policy, average }) => {
    if (average === null) return false;
    const points = average.percent - base.percent;
    const overlap = average.low <= base.high && base.low <= average.high;
    return html`<p>
      <strong>${policy}: ${average.percent.toFixed(2)} average</strong>, ${Math.abs(points).toFixed(2)} points
      ${points < 0 ? 'below' : 'above'} ${first.policy} (${base.percent.toFixed(2)}).
      ${overlap ? 'The 95 % intervals overlap: on this many questions the difference may be chance.' : 'The 95 % intervals do not overlap.'}
    </p>`;
  })}
  ${standIns.length > 0 && html`<p>Stand-ins were used (see the top): these figures must not be compared with published ones.</p>`}`;
}

function mainTable(summary: ReportSummary): Html {
  const heads = [...SUBTASKS, 'Average', 'Right of all (micro)', 'Questions'];
  const width = heads.length + 1;
  const part = (text: string) =>
    html`<tr class="part">
      <th scope="colgroup" colspan="${width}">${text}</th>
    </tr>`;
  const of = (images: ResultRow['images']) => summary.results.filter((row) => row.images === images);
  const last = of('all').at(-1);
  return html`<div class="wide">
    <table>
      <caption>
        Accuracy in percent. Small print below a figure of ours: its 95 % interval and the number of questions n.
      </caption>
      <thead>
        <tr>
          <th scope="col">Policy</th>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${of('all').length > 0 && [part('This run, all evaluated images'), of('all').map((row) => ourRow(row, row === last))]}
        ${of('untrained').length > 0 && [part('This run, without the images that training saw'), of('untrained').map((row) => ourRow(row, false))]}
        ${part(`Published (${PUBLISHED_SOURCE})`)} ${PUBLISHED_ROWS.map((row) => publishedRow(row))}
      </tbody>
    </table>
  </div>`;
}

const ourRow = (row: ResultRow, isKey: boolean): Html =>
  html`<tr class="ours${isKey ? ' key' : ''}">
    <th scope="row">${row.policy}<small>stage ${row.stage}, ${countText(row.imageCount)} images</small></th>
    ${SUBTASKS.map((subtask) => figureCell(row.columns[subtask]))}${figureCell(row.average)}${figureCell(row.micro)}
    <td>
      ${countText(row.questions)}<small>${row.unparseable === 0 ? 'all readable' : `${countText(row.unparseable)} unreadable`}</small>
    </td>
  </tr>`;

const publishedRow = (row: PublishedRow): Html =>
  html`<tr>
    <th scope="row">${row.name}${row.name === PUBLISHED_BASE && html`<small>the paper's base model</small>`}</th>
    ${SUBTASKS.map((subtask) => html`<td>${row.accuracies[subtask].toFixed(2)}</td>`)}
    <td>${row.average.toFixed(2)}</td>
    <td>–</td>
    <td>${row.group === 'reference' ? '–' : countText(PUBLISHED_QUESTIONS)}</td>
  </tr>`;

function figureCell(score: Figure): Html {
  if (score === null) return html`<td title="no question of this kind was asked">–<small>n 0</small></td>`;
  return html`<td>
    ${score.percent.toFixed(2)}<small>${score.low.toFixed(1)}–${score.high.toFixed(1)}</small><small>n ${countText(score.n)}</small>
  </td>`;
}

function readingNotes(summary: ReportSummary): Html {
  const compat = summary.results.some((row) => row.scoreProfile === 'mmad_compat');
  return html`<p class="note">
    Anomaly Discrimination is the mean of the accuracy on normal and on defective images. Average is the plain mean of the seven columns,
    over the datasets column by column; micro is right answers over all questions. Intervals: Wilson's for a share of right answers; for a
    mean of shares, its parts' half-widths in squares (Newcombe). They take questions to be independent.
    ${compat ? 'Scored as the published scorer does (mmad_compat): an unreadable answer and the row after it are dropped.' : 'An unreadable answer counts as wrong (profile strict).'}
    ${summary.trainedImages === null ? 'Which images training saw is not known, so the rows without them are missing.' : `Training saw ${countText(summary.trainedImages)} benchmark images.`}
  </p>`;
}

function datasetTable({ results }: ReportSummary): Html {
  const rows = results.filter((row) => row.images === 'all');
  return html`<h3>Per dataset, all evaluated images</h3>
    <div class="wide">
      <table>
        <caption>
          Accuracy in percent, with 95 % intervals and n.
        </caption>
        <thead>
          <tr>
            <th scope="col">Dataset</th>
            <th scope="col" style="text-align:left">Policy</th>
            ${[...SUBTASKS, 'Average'].map((head) => html`<th scope="col">${head}</th>`)}
            <th scope="col">Questions</th>
          </tr>
        </thead>
        <tbody>
          ${rows.flatMap((row) =>
            row.datasets.map(
              (one) =>
                html`<tr>
                  <th scope="row">${one.dataset}</th>
                  <td style="text-align:left">${row.policy}</td>
                  ${SUBTASKS.map((subtask) => figureCell(one.columns[subtask]))}${figureCell(one.average)}
                  <td>${countText(one.questions)}</td>
                </tr>`,
            ),
          )}
        </tbody>
      </table>
    </div>`;
}
