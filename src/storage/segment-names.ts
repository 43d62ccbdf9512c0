/**
 * The files of a partition's folder, by name. Segments are named after the offset that the log had reached when they
 * were begun, as Kafka does it; `list` of a folder then gives them in their order.
 */
import { assert } from '../base/assert.ts';
import { offsetFromOutside, type Offset } from '../base/offsets.ts';

/**
 * `log` holds the batches and `stamps` a checksum of each stamped prefix; `index` and `timeindex` are hints.
 */
export const segmentFileKinds = ['log', 'stamps', 'index', 'timeindex'] as const;
export type SegmentFileKind = (typeof segmentFileKinds)[number];

/** What a file is called until all of it is durable. A start removes those that an interrupted one left behind. */
export const partialEnding = '.partial';
/** What waits for its removal. */
export const deletedEnding = '.deleted';

/** 2^53-1 has 16 digits; Kafka writes 20. */
const offsetDigits = 20;

export function offsetInName(offset: Offset): string {
  return String(offset).padStart(offsetDigits, '0');
}

export function segmentFileName(base: Offset, kind: SegmentFileKind): string {
  return `${offsetInName(base)}.${kind}`;
}

/** The offset in the name of a file with this ending; undefined for every other name. */
export function findOffsetInName(name: string, ending: string): Offset | undefined {
  if (!name.endsWith(ending)) return undefined;
  const digits = name.slice(0, -ending.length);
  if (digits.length !== offsetDigits || !/^\d+$/.test(digits)) return undefined;
  const offset = offsetFromOutside(Number(digits));
  if (!offset.ok) return undefined;
  assert(offsetInName(offset.value) === digits, 'an offset and its name are one to one', { name });
  return offset.value;
}
