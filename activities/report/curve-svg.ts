import { figureText } from './figures-as-text.js';
import { html, type Html } from './html.js';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  readonly xLabel: string;
}

const WIDTH = 460;
const HEIGHT = 230;
const PLOT = { left: 52, right: 56, top: 14, bottom: 36 };
/** Room for the names of several series at their lines' ends. */
const NAMES_RIGHT = 132;
/** Points drawn a line: a pixel and a half apart. */
const MOST_POINTS = 200;
/** Told apart without colour by dash and by the mark at the end of the line. */
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '4 2', '12 4'];
const MARKS = ['●', '■', '▲', '◆', '▼', '✚'];

/** A line chart with axes, at most six series. Long runs are averaged over equal spans of steps, with a band from least to most. */
export function curveSvg({ title, series, xLabel }: Chart): Html {
  const right = WIDTH - (series.length > 1 ? NAMES_RIGHT : PLOT.right);
  const lines = series.slice(0, DASHES.length).map((one) => ({ name: one.name, points: average(one.points) }));
  const all = lines.flatMap((line) => line.points);
  const xScale = scale(extent(all.map((point) => point.x)), [PLOT.left, right]);
  const yTicks = niceTicks(extent(all.flatMap((point) => [point.least, point.most])));
  const yScale = scale([yTicks[0]!, yTicks.at(-1)!], [HEIGHT - PLOT.bottom, PLOT.top]);
  const xTicks = niceTicks(extent(all.map((point) => point.x)), 5).filter(
    (tick) => tick >= all[0]!.x && tick <= Math.max(...all.map((p) => p.x)),
  );
  const labels = spread(lines.map((line) => yScale(line.points.at(-1)!.y)));
  return html`<svg class="curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${describe(lines)}">
    ${yTicks.map(
      (tick) =>
        html`<line class="grid" x1="${PLOT.left}" x2="${right}" y1="${at(yScale(tick))}" y2="${at(yScale(tick))}" />
          <text class="tick" x="${PLOT.left - 6}" y="${at(yScale(tick) + 3.5)}" text-anchor="end">${figureText(tick)}</text>`,
    )}
    ${xTicks.map((tick) => html`<text class="tick" x="${at(xScale(tick))}" y="${HEIGHT - PLOT.bottom + 15}" text-anchor="middle">${figureText(tick)}</text>`)}
    <line class="axis" x1="${PLOT.left}" x2="${right}" y1="${HEIGHT - PLOT.bottom}" y2="${HEIGHT - PLOT.bottom}" />
    <text class="tick" x="${(PLOT.left + right) / 2}" y="${HEIGHT - 5}" text-anchor="middle">${xLabel}</text>
    ${lines.map(
      (line, index) =>
        html`<g class="series s${index}">
          ${line.points.some((point) => point.most > point.least) && html`<path class="band" d="${band(line.points, xScale, yScale)}" />`}
          <path
            class="line"
            stroke-dasharray="${DASHES[index]}"
            d="${path(line.points.map((point) => [xScale(point.x), yScale(point.y)]))}"
          />
          <text class="end" x="${right + 5}" y="${at(labels[index]! + 3.5)}"
            >${MARKS[index]} ${lines.length > 1 ? line.name : ''} ${figureText(line.points.at(-1)!.y)}</text
          >
        </g>`,
    )}
  </svg>`;
}

interface Span {
  readonly x: number;
  readonly y: number;
  readonly least: number;
  readonly most: number;
}

function average(points: Series['points']): Span[] {
  const size = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const spans: Span[] = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size);
    const values = part.map((point) => point.y);
    spans.push({
      x: part.reduce((sum, point) => sum + point.x, 0) / part.length,
      y: values.reduce((sum, value) => sum + value, 0) / part.length,
      least: Math.min(...values),
      most: Math.max(...values),
    });
  }
  return spans;
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

const scale =
  ([from, to]: readonly [number, number], [low, high]: readonly [number, number]) =>
  (value: number): number =>
    to === from ? (low + high) / 2 : low + ((value - from) / (to - from)) * (high - low);

/** Round numbers, 1, 2 or 5 times a power of ten apart, that enclose the extent. */
export function niceTicks([least, most]: readonly [number, number], about = 4): number[] {
  const span = most > least ? most - least : Math.max(Math.abs(most), 1) * 0.2;
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const first = Math.floor((most > least ? least : least - span / 2) / step);
  const last = Math.ceil((most > least ? most : most + span / 2) / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Labels at least 13 pixels apart, as near as can be to where their lines end. */
function spread(wanted: readonly number[]): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < order.length; i++) order[i]!.y = Math.max(order[i]!.y, order[i - 1]!.y + 13);
  const overflow = (order.at(-1)?.y ?? 0) - (HEIGHT - PLOT.bottom);
  if (overflow > 0) for (const label of order) label.y -= overflow;
  for (let i = order.length - 2; i >= 0; i--) order[i]!.y = Math.min(order[i]!.y, order[i + 1]!.y - 13);
  const placed: number[] = [];
  for (const { y, index } of order) placed[index] = y;
  return placed;
}

const at = (value: number): string => value.toFixed(1);
const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('');

function band(points: readonly Span[], xScale: (x: number) => number, yScale: (y: number) => number): string {
  const top = points.map((point) => [xScale(point.x), yScale(point.most)] as const);
  const bottom = points.toReversed().map((point) => [xScale(point.x), yScale(point.least)] as const);
  return `${path([...top, ...bottom])}Z`;
}

const describe = (lines: readonly { name: string; points: readonly Span[] }[]): string =>
  lines
    .map(({ name, points }) => `${name} from ${figureText(points[0]!.y)} to ${figureText(points.at(-1)!.y)} over ${points.length} points`)
    .join('; ');
