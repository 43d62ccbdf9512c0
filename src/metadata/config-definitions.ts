/**
 * The one table of configs that live in the metadata: name, type, default, where settable, what it does. Pure.
 *
 * Names are Kafka's where the meaning is. A value is text everywhere (log, image, API); `checkConfigValue` says
 * whether it fits its definition, and the readers of effective-configs.ts turn it into what code needs.
 */
import { assertUnreachable } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { ConfigScope } from './metadata-image.ts';

export type ConfigType =
  | { readonly type: 'boolean' }
  | { readonly type: 'integer' | 'duration-ms' | 'bytes'; readonly min: number; readonly max: number }
  | { readonly type: 'choice'; readonly choices: readonly string[] };

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  /** Words that stand for a value which depends on where it is used, beside what `type` allows. */
  readonly words: readonly string[];
  readonly defaultValue: string;
  /** Weakest first: a topic's value wins over the cluster's, and so does a broker's. */
  readonly scopes: readonly ConfigScope[];
  /** Whether a change works without a restart of what it is about. */
  readonly isDynamic: boolean;
  readonly doc: string;
}

const mebibyte = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;
const safeMax = Number.MAX_SAFE_INTEGER;

/** -1, as in Kafka: no limit. */
const unlimited = -1;

function ofTopics(
  definition: Pick<ConfigDefinition, 'name' | 'type' | 'defaultValue' | 'doc'> & Partial<ConfigDefinition>,
): ConfigDefinition {
  return { words: [], scopes: ['cluster', 'topic'], isDynamic: true, ...definition };
}

const definitions = [
  ofTopics({
    name: 'auto.leader.rebalance.enable',
    type: { type: 'boolean' },
    defaultValue: 'true',
    scopes: ['cluster'],
    doc: 'Whether leaders move back to the preferred replica, the first of each partition, once that is in sync again.',
  }),
  ofTopics({
    name: 'cleanup.policy',
    type: { type: 'choice', choices: ['delete', 'compact', 'compact,delete'] },
    defaultValue: 'delete',
    doc: 'What happens to old records: deleted by age and size, compacted to the latest of each key, or both.',
  }),
  ofTopics({
    name: 'default.replication.factor',
    type: { type: 'integer', min: 1, max: 32 },
    words: ['auto'],
    defaultValue: 'auto',
    scopes: ['cluster'],
    doc: 'Replicas of a new topic that names no number. auto: 3, or as many as there are brokers if those are fewer.',
  }),
  ofTopics({
    name: 'durability',
    type: { type: 'choice', choices: ['flushed', 'replicated'] },
    defaultValue: 'flushed',
    doc: 'What an acknowledgement means: on the disks of all in-sync replicas, or in their memory.',
  }),
  ofTopics({
    name: 'leader.election.round.ms',
    type: { type: 'duration-ms', min: 100, max: dayMs },
    defaultValue: '3000',
    scopes: ['cluster'],
    doc: 'How often the controller looks for leaders to elect. What it finds twice in a row is done.',
  }),
  ofTopics({
    name: 'max.message.bytes',
    type: { type: 'bytes', min: 1024, max: 8 * mebibyte - 64 * 1024 },
    defaultValue: String(mebibyte),
    doc: 'The largest batch of records that is taken.',
  }),
  ofTopics({
    name: 'message.timestamp.after.max.ms',
    type: { type: 'duration-ms', min: 0, max: safeMax },
    defaultValue: String(60 * 60 * 1000),
    doc: 'How far the time of a record may be ahead of the clock of the broker that takes it.',
  }),
  ofTopics({
    name: 'message.timestamp.before.max.ms',
    type: { type: 'duration-ms', min: 0, max: safeMax },
    defaultValue: String(safeMax),
    doc: 'How far the time of a record may be behind the clock of the broker that takes it.',
  }),
  ofTopics({
    name: 'message.timestamp.type',
    type: { type: 'choice', choices: ['create-time', 'log-append-time'] },
    defaultValue: 'create-time',
    doc: 'Whose time a record bears: that of whoever made it, or of the broker that appended it.',
  }),
  ofTopics({
    name: 'min.insync.replicas',
    type: { type: 'integer', min: 1, max: 32 },
    words: ['auto'],
    defaultValue: 'auto',
    doc: 'How many replicas must be in sync for a write with acks=all. auto: 2 of 3 or more replicas, else 1.',
  }),
  ofTopics({
    name: 'num.partitions',
    type: { type: 'integer', min: 1, max: 10_000 },
    defaultValue: '1',
    scopes: ['cluster'],
    doc: 'Partitions of a new topic that names no number.',
  }),
  ofTopics({
    name: 'retention.bytes',
    type: { type: 'bytes', min: unlimited, max: safeMax },
    defaultValue: String(unlimited),
    doc: 'How much of a partition is kept before its oldest segments are deleted; -1: no limit.',
  }),
  ofTopics({
    name: 'retention.ms',
    type: { type: 'duration-ms', min: unlimited, max: safeMax },
    defaultValue: String(7 * dayMs),
    doc: 'How long records are kept before their segments are deleted; -1: no limit.',
  }),
  ofTopics({
    name: 'segment.bytes',
    type: { type: 'bytes', min: mebibyte, max: 2 ** 31 - 1 },
    defaultValue: String(512 * mebibyte),
    doc: 'How large a file of a partition grows before the next is begun.',
  }),
  ofTopics({
    name: 'segment.ms',
    type: { type: 'duration-ms', min: 1000, max: safeMax },
    defaultValue: String(7 * dayMs),
    doc: 'How old a file of a partition grows before the next is begun.',
  }),
  ofTopics({
    name: 'unclean.leader.election.enable',
    type: { type: 'boolean' },
    defaultValue: 'false',
    doc: 'Whether a replica that may lack acknowledged records leads when none that has them is there. Loses records.',
  }),
] as const satisfies readonly ConfigDefinition[];

const byName = new Map<string, ConfigDefinition>(definitions.map((definition) => [definition.name, definition]));

/** In the order of their names. */
export const configDefinitions: readonly ConfigDefinition[] = definitions;

export function findConfigDefinition(name: string): ConfigDefinition | undefined {
  return byName.get(name);
}

/** Refused with what would fit, in words that follow "must be". */
export function checkConfigValue({ type, words }: ConfigDefinition, value: string): Result<void, string> {
  if (words.includes(value) || fits(type, value)) return ok(undefined);
  return refused([describeType(type), ...words].join(' or '));
}

function fits(type: ConfigType, value: string): boolean {
  switch (type.type) {
    case 'boolean':
      return value === 'true' || value === 'false';
    case 'choice':
      return type.choices.includes(value);
    case 'integer':
    case 'duration-ms':
    case 'bytes': {
      const number = /^(0|-?[1-9]\d{0,15})$/.test(value) ? Number(value) : Number.NaN;
      return number >= type.min && number <= type.max;
    }
    default:
      return assertUnreachable(type);
  }
}

function describeType(type: ConfigType): string {
  switch (type.type) {
    case 'boolean':
      return 'true or false';
    case 'choice':
      return type.choices.join(' or ');
    case 'integer':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'duration-ms':
      return `milliseconds from ${type.min} to ${type.max}`;
    case 'bytes':
      return `bytes from ${type.min} to ${type.max}`;
    default:
      return assertUnreachable(type);
  }
}
