/**
 * Log lines for people: the JSON lines of the event log, one short line each.
 */
import { dim, type Terminal } from './terminal.ts';

interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly facts: readonly (readonly [string, unknown])[];
}

/** `10:05:58.123 info  became leader  term=4 voter=1`. A line that is no event is printed as it is. */
export function prettyLogLine(line: string, terminal: Terminal): string {
  const parsed = parse(line);
  if (parsed === undefined) return line;
  const { level, time, msg, facts } = parsed;
  const clock = time.slice('2026-01-01T'.length, -1);
  const written = facts.map(([name, value]) => `${dim(terminal, `${name}=`)}${inOneLine(value)}`).join(' ');
  return `${dim(terminal, clock)} ${level.padEnd(5)} ${msg}${written === '' ? '' : '  '}${written}\n`;
}

function parse(line: string): LogLine | undefined {
  try {
    const { level, time, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
    if (typeof level !== 'string' || typeof time !== 'string' || typeof msg !== 'string') return undefined;
    return { level, time, msg, facts: Object.entries(facts) };
  } catch {
    return undefined;
  }
}

function inOneLine(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
