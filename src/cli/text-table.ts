/**
 * Columns for people. Widths come from the content; nothing is cut, because people copy from tables.
 */

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const rendered = lines.map((line) =>
    columns
      .map(({ align = 'left' }, at) => {
        const cell = line[at] ?? '';
        return align === 'right' ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${rendered.join('\n')}\n`;
}
