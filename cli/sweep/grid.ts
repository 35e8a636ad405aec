/** A variant's stage. */
export interface GridCell {
  readonly variant: string;
  readonly stage: string;
}

/** Rows of a table: a line a variant, a column a stage, in the order of the longest variant. A stage that a variant has not is `-`. */
export function grid<Cell extends GridCell>(cells: readonly Cell[], show: (cell: Cell) => string): string[][] {
  const rows = new Map<string, Map<string, Cell>>();
  for (const cell of cells) {
    const row = rows.get(cell.variant) ?? new Map<string, Cell>();
    rows.set(cell.variant, row.set(cell.stage, cell));
  }
  const longestFirst = [...rows.values()].toSorted((a, b) => b.size - a.size);
  const stages = [...new Set(longestFirst.flatMap((row) => [...row.keys()]))];
  const shown = (cell: Cell | undefined) => (cell === undefined ? '-' : show(cell));
  return [['VARIANT', ...stages], ...[...rows].map(([variant, row]) => [variant, ...stages.map((stage) => shown(row.get(stage)))])];
}
