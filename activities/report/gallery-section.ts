import type { Cell } from '../../contracts/rows.js';
import { cutText } from './figures-as-text.js';
import { html, type Html } from './html.js';
import type { GalleryItem } from './report-input.js';

const SIDE = 16;
const MOST_TEXT = 1600;

/** The cards of the gallery, each on its own, so that the report can leave out those that would make it too large. */
export const galleryCards = (items: readonly GalleryItem[]): Html[] => items.map(card);

/** The gallery around the cards that fit. */
export function gallerySection(cards: readonly Html[], leftOut: number, policy: string | null): Html {
  return html`<section aria-labelledby="gallery">
    <h2 id="gallery">Gallery</h2>
    ${cards.length === 0 ? html`<p>There are no pictures to show: no evaluation has finished, or its pictures could not be read.</p>` : legend(policy)}
    <div class="gallery">${cards}</div>
    ${leftOut > 0 && html`<p class="note">${leftOut} more ${leftOut === 1 ? 'picture was' : 'pictures were'} left out to keep this file below 2 MB.</p>`}
  </section>`;
}

/** F1 of two sets of cells; 1 when both are empty, null when the prediction could not be read. */
export function cellsF1(truth: readonly Cell[], predicted: readonly Cell[] | null): number | null {
  if (predicted === null) return null;
  if (truth.length === 0 && predicted.length === 0) return 1;
  const wanted = new Set(truth.map(String));
  const shared = new Set(predicted.map(String).filter((cell) => wanted.has(cell))).size;
  return (2 * shared) / (wanted.size + new Set(predicted.map(String)).size);
}

function legend(policy: string | null): Html {
  return html`<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>${hatch}</defs></svg>
    <p>
      Answered by: ${policy ?? 'the last evaluation'}.
      <svg class="key-swatch" viewBox="0 0 34 18" aria-hidden="true">
        <rect x="2" y="2" width="30" height="14" fill="none" stroke="var(--true)" stroke-width="3" />
      </svg>
      outline: the defect's true cells;
      <svg class="key-swatch" viewBox="0 0 34 18" aria-hidden="true"><rect width="34" height="18" fill="url(#predicted)" /></svg> hatched:
      the cells that the model named. Right and wrong answers are both drawn, over classes and defects.
    </p>`;
}

const hatch = html`<pattern id="predicted" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"
  ><rect width="6" height="6" fill="#ff8c00" fill-opacity=".30" /><rect width="2" height="6" fill="#ff8c00" fill-opacity=".95"
/></pattern>`;

function card(item: GalleryItem): Html {
  const f1 = cellsF1(item.cells, item.predicted);
  return html`<figure>
    ${picture(item)}
    <figcaption>
      <p class="verdict ${item.correct ? 'right' : 'wrong'}">
        ${item.correct ? '✓ right' : '✗ wrong'} <span class="soft">· ${item.subtask}${item.trainedOn && ' · trained on'}</span>
      </p>
      <p class="note mono">${item.imageKey}</p>
      <p>${item.question}</p>
      <p>
        <strong>Model:</strong> ${item.chosen ?? 'no letter could be read'} · <strong>True:</strong> ${item.answer} ·
        <strong>Cells:</strong> ${cellsLine(item, f1)}
      </p>
      ${text('Reasoning', item.reasoning, 'The answer holds no reasoning.')} ${goldenReasoning(item)}
    </figcaption>
  </figure>`;
}

function cellsLine({ cells, predicted }: GalleryItem, f1: number | null): string {
  if (f1 === null) return `no readable cells (${cells.length} true)`;
  return `F1 ${f1.toFixed(2)} (${predicted?.length ?? 0} named, ${cells.length} true)`;
}

/** The training row's letters are those before the evaluation shuffled the options. */
function goldenReasoning({ golden, trainedOn }: GalleryItem): Html {
  if (golden === null)
    return html`<p class="note">
      Golden reasoning: none, ${trainedOn ? 'this question was not trained on' : 'this image was not trained on'}.
    </p>`;
  return text(`Golden reasoning (there ${golden.letter} was the right letter)`, golden.text, 'The golden reasoning is empty.');
}

const text = (name: string, content: string, whenEmpty: string): Html =>
  content.trim() === ''
    ? html`<p class="note">${whenEmpty}</p>`
    : html`<details open>
        <summary>${name}</summary>
        <p class="model">${cutText(content.trim(), MOST_TEXT)}</p>
      </details>`;

function picture(item: GalleryItem): Html {
  const { data, width, height } = item.picture;
  const [cellWidth, cellHeight] = [width / SIDE, height / SIDE];
  const filled = (item.predicted ?? [])
    .map(
      ([row, column]) => `M${n((column - 1) * cellWidth)} ${n((row - 1) * cellHeight)}h${n(cellWidth)}v${n(cellHeight)}h${n(-cellWidth)}z`,
    )
    .join('');
  const outline = outlinePath(item.cells, cellWidth, cellHeight);
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${altText(item)}">
    <image href="data:image/webp;base64,${data.toString('base64')}" width="${width}" height="${height}" />
    ${filled !== '' && html`<path d="${filled}" fill="url(#predicted)" />`}
    ${outline !== '' && html`<path d="${outline}" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="square" /><path d="${outline}" fill="none" stroke="#0047ff" stroke-width="2" stroke-linecap="square" />`}
  </svg>`;
}

const n = (value: number): string => String(Number(value.toFixed(2)));

/** The edges of cells that no other cell shares: the border of their union. */
function outlinePath(cells: readonly Cell[], width: number, height: number): string {
  const has = new Set(cells.map(String));
  const edges = cells.flatMap(([row, column]) => {
    const [x, y] = [(column - 1) * width, (row - 1) * height];
    return [
      has.has(`${row - 1},${column}`) ? '' : `M${n(x)} ${n(y)}h${n(width)}`,
      has.has(`${row + 1},${column}`) ? '' : `M${n(x)} ${n(y + height)}h${n(width)}`,
      has.has(`${row},${column - 1}`) ? '' : `M${n(x)} ${n(y)}v${n(height)}`,
      has.has(`${row},${column + 1}`) ? '' : `M${n(x + width)} ${n(y)}v${n(height)}`,
    ];
  });
  return edges.join('');
}

function altText({ imageKey, cells, predicted }: GalleryItem): string {
  const truth = cells.length === 0 ? 'a normal picture' : `a defect in ${cells.length} of 256 cells`;
  const named =
    predicted === null
      ? 'the model named no readable cells'
      : predicted.length === 0
        ? 'the model named none'
        : `the model named ${predicted.length}`;
  return `Query image ${imageKey}: ${truth}; ${named}`;
}
