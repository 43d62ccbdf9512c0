/**
 * Reads the lines of a history, strictly: a field that is missing, misspelt or of another kind is refused with its
 * line and a reason, because a checker that overlooks half a line would find half the faults.
 *
 * The shape of every line is one row of a table here. Whether lines fit together is for observed-history.ts to say.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { HistoryFlaw, HistoryLine } from './log-history.ts';

/** Says what is wrong, as the end of a sentence that begins with the name of the field. */
type Check = (value: unknown) => string | undefined;

type Checks = Readonly<Record<string, Check>>;

/** Prepared once: histories have millions of lines. */
interface Shape {
  readonly required: readonly string[];
  readonly checks: ReadonlyMap<string, Check>;
}

type Fields = Readonly<Record<string, unknown>>;

export function parseHistoryLine(text: string): Result<HistoryLine, string> {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return refused('is not JSON');
  }
  const problem = problemOfLine(line);
  return problem === undefined ? ok(line as HistoryLine) : refused(problem);
}

/** A whole file. The last line may end with a line feed or without. */
export function parseLogHistory(text: string): Result<readonly HistoryLine[], HistoryFlaw> {
  const lines: HistoryLine[] = [];
  for (let start = 0; start < text.length;) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    const parsed = parseHistoryLine(text.slice(start, end));
    if (!parsed.ok) return refused({ line: lines.length + 1, reason: parsed.problem });
    lines.push(parsed.value);
    start = end + 1;
  }
  return ok(lines);
}

const whole =
  (max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
      ? undefined
      : `must be a whole number from 0 to ${max}`;

const position = whole(Number.MAX_SAFE_INTEGER);
const anyText: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const name: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a name');
const truth: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const time: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : 'must be milliseconds from 0';
const acks: Check = (value) =>
  value === 'none' || value === 'leader' || value === 'all' ? undefined : 'must be none, leader or all';

const plainValue: Check = (value) =>
  typeof value === 'string' || Number.isSafeInteger(value) ? undefined : 'must be a string or a whole number';
const located: Check = (value) =>
  Array.isArray(value) && value.length === 2 && position(value[0]) === undefined && plainValue(value[1]) === undefined
    ? undefined
    : 'must be [offset, value]';
const valueOrLocated: Check = (value) => (Array.isArray(value) ? located(value) : plainValue(value));

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    for (const [at, item] of value.entries()) {
      const problem = check(item);
      if (problem !== undefined) return `number ${at + 1} ${problem}`;
    }
    return undefined;
  };
}

function shape(required: Checks, optional: Checks = {}): Shape {
  return { required: Object.keys(required), checks: new Map(Object.entries({ ...required, ...optional })) };
}

function objectOf(required: Checks, optional: Checks = {}): Check {
  const expected = shape(required, optional);
  return (value) => (isFields(value) ? problemOfShape(value, expected) : 'must be an object');
}

const inPartition = { topic: name, partition: whole(2 ** 31 - 1) };
const keyed = { key: anyText, tombstone: truth };
const ending = { error: anyText };

/** A poll of one partition names it beside its values; a poll of several has it in each item. */
const fromOne = { ...inPartition, value: listOf(located) };
const fromSeveral = { value: listOf(objectOf(fromOne)) };

const part = { f: anyText };
const sendPart = shape({ ...part, ...inPartition, value: valueOrLocated }, keyed);
const pollParts = {
  unanswered: shape(part),
  one: shape({ ...part, ...fromOne }),
  several: shape({ ...part, ...fromSeveral }),
};

const transactionPart: Check = (value) => {
  if (!isFields(value)) return 'must be an object';
  if (value['f'] === 'send') return problemOfShape(value, sendPart);
  if (value['f'] !== 'poll') return 'must have f send or poll';
  const answered = 'topic' in value ? pollParts.one : pollParts.several;
  return problemOfShape(value, 'value' in value ? answered : pollParts.unanswered);
};

const everyLine = { t: time, process: position, type: anyText, f: anyText };
const line = (required: Checks, optional: Checks = {}): Shape => shape({ ...everyLine, ...required }, optional);

/** By type. Where a line may name one partition or not, that is for the line to choose. */
type Shapes = ReadonlyMap<string, Shape | { readonly withTopic: Shape; readonly without: Shape }>;

/** The same in every type, but that an error comes with an end that is not ok. */
function alike(value: Check): Shapes {
  const [plain, failed] = [line({ value }), line({ value }, ending)];
  return new Map([
    ['invoke', plain],
    ['ok', plain],
    ['fail', failed],
    ['info', failed],
  ]);
}

const sendFailed = line({ ...inPartition, value: plainValue }, ending);
const pollFailed = line({}, ending);

const shapes: ReadonlyMap<unknown, Shapes> = new Map<unknown, Shapes>([
  [
    'send',
    new Map([
      ['invoke', line({ ...inPartition, value: plainValue }, { ...keyed, acks, idempotent: truth })],
      ['ok', line({ ...inPartition, value: valueOrLocated })],
      ['fail', sendFailed],
      ['info', sendFailed],
    ]),
  ],
  [
    'poll',
    new Map<string, Shape | { withTopic: Shape; without: Shape }>([
      ['invoke', { withTopic: line(inPartition), without: line({}) }],
      ['ok', { withTopic: line(fromOne), without: line(fromSeveral) }],
      ['fail', pollFailed],
      ['info', pollFailed],
    ]),
  ],
  ['txn', alike(listOf(transactionPart))],
  ['assign', alike(listOf(objectOf(inPartition, { offset: position })))],
  ['subscribe', alike(listOf(name))],
  ['commit', alike(listOf(objectOf({ ...inPartition, offset: position })))],
  ['crash', new Map([['info', line({}, ending)]])],
  ['fault', new Map([['info', line({ value: anyText })]])],
]);

function problemOfLine(fields: unknown): string | undefined {
  if (!isFields(fields)) return 'is not a JSON object';
  const { f, type } = fields;
  const byType = shapes.get(f);
  if (byType === undefined) return `f must be one of ${[...shapes.keys()].join(', ')}`;
  const found = byType.get(type as string);
  if (found === undefined) return `type of a ${String(f)} must be one of ${[...byType.keys()].join(', ')}`;
  if ('checks' in found) return problemOfShape(fields, found);
  return problemOfShape(fields, 'topic' in fields ? found.withTopic : found.without);
}

function problemOfShape(fields: Fields, { required, checks }: Shape): string | undefined {
  for (const field of required) if (fields[field] === undefined) return `lacks ${field}`;
  for (const field in fields) {
    const check = checks.get(field);
    if (check === undefined) return `has the field ${field}, which is not known here`;
    const problem = check(fields[field]);
    if (problem !== undefined) return `${field} ${problem}`;
  }
  return undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
