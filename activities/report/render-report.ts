import type { StandIn } from '../../contracts/record.js';
import type { ReportSummary } from '../../contracts/report-summary.js';
import { curvesSection } from './curves-section.js';
import { galleryCards, gallerySection } from './gallery-section.js';
import { headerSection } from './header-section.js';
import { html, Html } from './html.js';
import type { ReportInput } from './report-input.js';
import { summarizeReport } from './report-summary.js';
import { resultsSection } from './results-section.js';
import { environmentSection, limitsSection, stagesSection, teacherSection } from './stages-sections.js';
import { STYLES } from './styles.js';
import { tableCsv, tableMarkdown } from './table-text.js';

/** A report is one file that a mail server takes. */
export const MOST_REPORT_BYTES = 2_000_000;

export interface RenderedReport {
  readonly html: string;
  readonly summary: ReportSummary;
  readonly csv: string;
  readonly md: string;
}

/** Data -> the report, in its four forms. Pure: the same input gives the same bytes. Pictures that would make the page too large are left out, and said to be. */
export function renderReport(input: ReportInput): RenderedReport {
  const summary = summarizeReport(input);
  const cards = galleryCards(input.gallery);
  const shell = Buffer.byteLength(page(input, summary, [], cards.length));
  const fitting = cardsThatFit(cards, MOST_REPORT_BYTES - shell);
  return {
    html: page(input, summary, fitting, cards.length - fitting.length),
    summary,
    csv: tableCsv(summary),
    md: tableMarkdown(summary),
  };
}

function cardsThatFit(cards: readonly Html[], room: number): Html[] {
  let left = room - 2_000;
  return cards.filter((card) => {
    const bytes = Buffer.byteLength(card.text);
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
}

const STAND_INS: Readonly<Record<StandIn, string>> = {
  'rehearsal-teacher': 'Rehearsal teacher: our own program wrote the training texts from the requests; no language model did.',
  'tiny-model': 'Tiny model: about a million random parameters. It has never seen a picture or a sentence; it guesses.',
  'demo-plant': 'Demo plant: the pictures are drawn by a program, not photographed.',
};

function page(input: ReportInput, summary: ReportSummary, cards: readonly Html[], leftOut: number): string {
  const policy = input.evaluations.at(-1)?.policy ?? null;
  return html`${new Html('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${summary.recipe} · ${summary.state} · judo report</title>
        <style>
          ${new Html(STYLES)}
        </style>
      </head>
      <body>
        ${
          summary.standIns.length > 0 &&
          html`<aside class="stand-in" aria-label="What stood in for the real thing">
            <div>
              <strong>⚠ Not a result: stand-ins were used in this run</strong> The figures below show that the pipeline works, and nothing
              about any method or model.
              <ul>
                ${summary.standIns.map((one) => html`<li>${STAND_INS[one]}</li>`)}
              </ul>
            </div>
          </aside>`
        }
        ${headerSection(input, summary)}
        <main>
          ${resultsSection(summary)} ${stagesSection(input)} ${curvesSection(input.trainings)} ${gallerySection(cards, leftOut, policy)}
          ${teacherSection(summary)} ${limitsSection(input, summary)} ${environmentSection(input)}
        </main>
        <footer>
          Written by judo-pipeline from the stage records of run ${summary.run}. The same figures are in summary.json, table.csv and
          table.md beside this file.
        </footer>
      </body>
    </html> `.text;
}
