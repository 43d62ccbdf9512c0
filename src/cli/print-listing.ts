/**
 * What commands print, in each format that --output knows: tables for people, and data that is the same every time.
 *
 * Data goes to stdout and is complete: `json` is one value on one line, an empty list is `[]`, a fact that is absent
 * is null. What is said about it goes to stderr.
 */
import type { CommonOptions, OutputFormat } from './command-options.ts';
import type { Terminal } from './terminal.ts';
import { textTable, type Column } from './text-table.ts';

interface Printing {
  readonly terminal: Terminal;
  readonly options: Pick<CommonOptions, 'output'>;
}

export interface ListColumn<Row> extends Column {
  /** Only with --output wide. */
  readonly isWide?: boolean;
  readonly cell: (row: Row) => string;
}

export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly ListColumn<Row>[];
  readonly nameOf: (row: Row) => string;
  /** As programs get it: plain data with stable keys. */
  readonly plain: (row: Row) => unknown;
  /** For people, when there is none. */
  readonly whenEmpty: string;
}

/** One thing, such as a topic or what became of a change. */
export interface Sheet {
  readonly name: string;
  readonly plain: unknown;
  /** For people; ends with a line break. */
  readonly text: (isWide: boolean) => string;
}

export async function printListing<Row>({ terminal, options }: Printing, listing: Listing<Row>): Promise<void> {
  const { rows, columns, nameOf, plain, whenEmpty } = listing;
  const { output } = options;
  if (output === 'name') terminal.out(rows.map((row) => `${nameOf(row)}\n`).join(''));
  else if (output === 'ndjson') terminal.out(rows.map((row) => asJson(plain(row))).join(''));
  else if (output === 'json') terminal.out(asJson(rows.map(plain)));
  else if (output === 'yaml') terminal.out(await asYaml(rows.map(plain)));
  else if (rows.length === 0) terminal.err(`${whenEmpty}\n`);
  else terminal.out(tableOf(columns, rows, output));
}

export async function printSheet({ terminal, options }: Printing, { name, plain, text }: Sheet): Promise<void> {
  const { output } = options;
  if (output === 'name') terminal.out(`${name}\n`);
  else if (output === 'json' || output === 'ndjson') terminal.out(asJson(plain));
  else if (output === 'yaml') terminal.out(await asYaml(plain));
  else terminal.out(text(output === 'wide'));
}

export function tableOf<Row>(
  columns: readonly ListColumn<Row>[],
  rows: readonly Row[],
  output: OutputFormat = 'table',
): string {
  const shown = columns.filter(({ isWide }) => isWide !== true || output === 'wide');
  return textTable(
    shown,
    rows.map((row) => shown.map(({ cell }) => cell(row))),
  );
}

export function factLines(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, orNull)}\n`;
}

/** A script then meets the same keys whatever the state. */
export function orNull(_key: string, value: unknown): unknown {
  return value === undefined ? null : value;
}

async function asYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(JSON.parse(asJson(value)), { lineWidth: 0 });
}
