/**
 * Reads the tables of a markdown page that have certain columns.
 */

export interface TableRow {
  /** From 1, in the page. */
  readonly line: number;
  /** By column title in lower case. */
  readonly cells: ReadonlyMap<string, string>;
}

/** The body rows of every table whose head has all of `columns`. */
export function tableRows(page: string, columns: readonly string[]): readonly TableRow[] {
  const rows: TableRow[] = [];
  let head: readonly string[] | undefined;
  for (const [at, text] of page.split('\n').entries()) {
    if (!text.trimStart().startsWith('|')) {
      head = undefined;
      continue;
    }
    const cells = cellsOf(text);
    if (head === undefined) head = cells.map((cell) => cell.toLowerCase());
    else if (!/^[\s|:-]+$/.test(text) && columns.every((column) => head?.includes(column))) {
      rows.push({ line: at + 1, cells: new Map(head.map((title, index) => [title, cells[index] ?? ''])) });
    }
  }
  return rows;
}

function cellsOf(row: string): string[] {
  const inner = row.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim());
}
