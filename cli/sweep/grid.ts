/** A variant's stage. */
export interface GridCell {
  readonly variant: string;
  readonly stage: string;
}

/** Rows of a table: a line a variant, a column a stage, both in the order they come. A stage that a variant has not is `-`. */
export function grid<Cell extends GridCell>(cells: readonly Cell[], show: (cell: Cell) => string): string[][] {
  const stages = [...new Set(cells.map(({ stage }) => stage))];
  const rows = new Map<string, Map<string, Cell>>();
  for (const cell of cells) {
    const row = rows.get(cell.variant) ?? new Map<string, Cell>();
    rows.set(cell.variant, row.set(cell.stage, cell));
  }
  const shown = (cell: Cell | undefined) => (cell === undefined ? '-' : show(cell));
  return [['VARIANT', ...stages], ...[...rows].map(([variant, row]) => [variant, ...stages.map((stage) => shown(row.get(stage)))])];
}
