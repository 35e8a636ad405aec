import type { Plan, PlanStage } from '../../contracts/plan.js';
import { html, type Html } from './html.js';

/** What is written in a stage's box: never by colour alone. */
export interface StageBox {
  readonly id: string;
  readonly className: string;
  readonly symbol: string;
  readonly line: string;
}

const BOX = { width: 166, height: 50, gapX: 40, gapY: 18 };

/** A place in a column: a stage, or a bend of an edge that passes the column. */
interface Place {
  readonly id: string;
  readonly after: string[];
}

/** The plan's graph from left to right. A stage stands as late as its readers allow, so that edges are short. */
export function dagSvg(plan: Plan, boxes: readonly StageBox[]): Html {
  const needs = new Map(plan.stages.map((stage) => [stage.id, essentialNeeds(stage, plan)]));
  const column = columns(plan, needs);
  const { places, edges } = withBends(plan, needs, column);
  const rows = untangle(places);
  const tallest = Math.max(...places.map((list) => list.length));
  const height = tallest * (BOX.height + BOX.gapY) - BOX.gapY + 4;
  const width = places.length * (BOX.width + BOX.gapX) - BOX.gapX + 4;
  const left = (id: string, index: number): [number, number] => {
    const offset = ((tallest - places[index]!.length) * (BOX.height + BOX.gapY)) / 2;
    return [2 + index * (BOX.width + BOX.gapX), 2 + offset + rows.get(id)! * (BOX.height + BOX.gapY)];
  };
  const lines = edges.map((bends) => edgePath(bends.map((id, i) => left(id, column.get(bends[0]!)! + i))));
  return html`<svg
    class="dag"
    viewBox="0 0 ${width} ${height}"
    style="min-width:${Math.round(width * 0.72)}px;max-width:${width}px"
    role="img"
    aria-label="${describe(plan, needs, boxes)}"
  >
    ${lines.map((d) => html`<path class="edge" d="${d}" />`)}
    ${boxes.map((box) => {
      const [x, y] = left(box.id, column.get(box.id)!);
      return html`<g class="box ${box.className}"
        ><rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="7" />
        <text class="name" x="${x + 12}" y="${y + 21}">${box.id}</text
        ><text class="state" x="${x + 12}" y="${y + 39}">${box.symbol} ${box.line}</text></g
      >`;
    })}
  </svg>`;
}

const directNeeds = (stage: PlanStage): string[] => [
  ...new Set(Object.values(stage.inputs).flatMap((source) => (source.from === 'stage' ? [source.stage] : []))),
];

/** The needs that are not implied by another need: the report reads everything, and is drawn after the last stages only. */
function essentialNeeds(stage: PlanStage, plan: Plan): string[] {
  const byId = new Map(plan.stages.map((one) => [one.id, one]));
  const reach = (id: string): Set<string> => {
    const direct = directNeeds(byId.get(id)!);
    return new Set([...direct, ...direct.flatMap((need) => [...reach(need)])]);
  };
  const direct = directNeeds(stage);
  return direct.filter((need) => !direct.some((other) => other !== need && reach(other).has(need)));
}

function columns(plan: Plan, needs: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const depth = new Map<string, number>();
  for (const stage of plan.stages) depth.set(stage.id, Math.max(-1, ...needs.get(stage.id)!.map((need) => depth.get(need)!)) + 1);
  for (const stage of plan.stages.toReversed()) {
    const readers = plan.stages.filter((other) => needs.get(other.id)!.includes(stage.id));
    if (readers.length > 0) depth.set(stage.id, Math.min(...readers.map((reader) => depth.get(reader.id)!)) - 1);
  }
  return depth;
}

function withBends(plan: Plan, needs: ReadonlyMap<string, readonly string[]>, column: ReadonlyMap<string, number>) {
  const places: Place[][] = Array.from({ length: Math.max(...column.values()) + 1 }, () => []);
  const edges: string[][] = [];
  for (const stage of plan.stages) {
    const after: string[] = [];
    for (const need of needs.get(stage.id)!) {
      const bends = [need];
      for (let index = column.get(need)! + 1; index < column.get(stage.id)!; index++) {
        const bend = `${need}>${stage.id}@${index}`;
        places[index]!.push({ id: bend, after: [bends.at(-1)!] });
        bends.push(bend);
      }
      after.push(bends.at(-1)!);
      edges.push([...bends, stage.id]);
    }
    places[column.get(stage.id)!]!.push({ id: stage.id, after });
  }
  return { places, edges };
}

/** Orders each column by the mean row of what it reads, then of what reads it, a few times over. */
function untangle(places: Place[][]): Map<string, number> {
  const rows = new Map<string, number>();
  const number = (list: Place[]) => list.forEach((place, row) => rows.set(place.id, row));
  places.forEach(number);
  const mean = (ids: readonly string[], fallback: number) =>
    ids.length === 0 ? fallback : ids.reduce((sum, id) => sum + rows.get(id)!, 0) / ids.length;
  const readers = (id: string, index: number) =>
    (places[index + 1] ?? []).filter((place) => place.after.includes(id)).map((place) => place.id);
  for (let sweep = 0; sweep < 4; sweep++) {
    places.forEach((list) => number(sort(list, (place) => mean(place.after, rows.get(place.id)!))));
    for (let index = places.length - 1; index >= 0; index--)
      number(sort(places[index]!, (place) => mean(readers(place.id, index), rows.get(place.id)!)));
  }
  return rows;
}

function sort(list: Place[], rank: (place: Place) => number): Place[] {
  const ranks = new Map(list.map((place) => [place.id, rank(place)]));
  return list.sort((a, b) => ranks.get(a.id)! - ranks.get(b.id)!);
}

/** Through the middle of each bend's place: a curve between columns, straight across one. */
function edgePath(corners: readonly (readonly [number, number])[]): string {
  const middle = (y: number) => y + BOX.height / 2;
  let d = '';
  corners.forEach(([x, y], index) => {
    const next = corners[index + 1];
    if (index === 0) d += `M${x + BOX.width} ${middle(y)}`;
    else if (next !== undefined) d += `L${x + BOX.width} ${middle(y)}`;
    if (next === undefined) return;
    const [fromX, half] = [x + BOX.width, BOX.gapX / 2];
    d += `C${fromX + half} ${middle(y)} ${next[0] - half} ${middle(next[1])} ${next[0]} ${middle(next[1])}`;
  });
  return d;
}

function describe(plan: Plan, needs: ReadonlyMap<string, readonly string[]>, boxes: readonly StageBox[]): string {
  const line = (id: string) => boxes.find((box) => box.id === id)?.line ?? '';
  const sentence = (stage: PlanStage) =>
    `${stage.id} (${line(stage.id)})${needs.get(stage.id)!.length > 0 ? ` after ${needs.get(stage.id)!.join(' and ')}` : ''}`;
  return `Stages of the run: ${plan.stages.map(sentence).join('; ')}.`;
}
