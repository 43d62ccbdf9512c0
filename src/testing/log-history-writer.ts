/**
 * Writes the lines of a history, their fields in one order, so that people can read down a column and files compare.
 */
import type { HistoryLine } from './log-history.ts';

const first = ['t', 'process', 'type', 'f', 'topic', 'partition', 'value'];

/** One line, without its line feed. */
export function formatHistoryLine(line: HistoryLine): string {
  const fields = line as unknown as Readonly<Record<string, unknown>>;
  const rest = Object.keys(fields).filter((field) => !first.includes(field));
  const ordered = [...first, ...rest.toSorted()].map((field) => [field, fields[field]]);
  // What is undefined is left out by JSON.
  return JSON.stringify(Object.fromEntries(ordered));
}

export function formatLogHistory(lines: Iterable<HistoryLine>): string {
  let text = '';
  for (const line of lines) text += `${formatHistoryLine(line)}\n`;
  return text;
}
