/**
 * What `odradek storage dump` found, as lines for people. Nothing is aligned over lines: a segment has millions of them, and
 * they are printed as they are found.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { DumpedField, DumpEntry } from './dump-entry.ts';

/** A longer field is cut, and says how much is missing. */
const fieldLettersMax = 120;
/** Beyond it JavaScript has no dates. */
const dateMsMax = 8.64e15;

export function dumpLine(entry: DumpEntry): string {
  switch (entry.kind) {
    case 'file':
      return `${entry.path}: ${entry.is}, ${entry.sizeBytes} bytes`;
    case 'batch':
      return `at ${entry.position}: ${batchWords(entry).join(', ')}`;
    case 'record':
      return `  ${recordWords(entry).join('  ')}`;
    case 'unreadable-records':
      return `  offsets ${entry.firstOffset}-${entry.lastOffset} cannot be read: ${entry.why}`;
    case 'damage':
      return `at ${entry.position}: DAMAGE up to ${entry.endPosition}, offsets ${rangeOf(entry)}: ${entry.why}`;
    case 'unwritten':
      return `at ${entry.position}: zeros up to the end at ${entry.endPosition}: reserved and not written`;
    default:
      return assertUnreachable(entry);
  }
}

function rangeOf({ firstOffset, lastOffset }: DumpEntry & { readonly kind: 'damage' }): string {
  return `${firstOffset ?? '?'}-${lastOffset ?? '?'}`;
}

function batchWords(batch: DumpEntry & { readonly kind: 'batch' }): string[] {
  const { baseOffset, lastOffset, recordCount, producer } = batch;
  const offsets = baseOffset === lastOffset ? `offset ${baseOffset}` : `offsets ${baseOffset}-${lastOffset}`;
  const words = [offsets, `${recordCount} ${recordCount === 1 ? 'record' : 'records'}`, `${batch.sizeBytes} bytes`];
  words.push(`epoch ${batch.leaderEpoch}`);
  if (batch.codec !== 'none') words.push(batch.codec);
  words.push(
    batch.timestamps === 'append'
      ? `appended ${dateOf(batch.maxTimestampMs)}`
      : `up to ${dateOf(batch.maxTimestampMs)}`,
  );
  if (producer !== null) words.push(`producer ${producer.id}/${producer.epoch} from ${producer.baseSequence}`);
  if (batch.isTransactional) words.push('transactional');
  if (batch.isControl) words.push('control');
  if (batch.hasDeleteHorizon) words.push(`deletions until ${dateOf(batch.baseTimestampMs)}`);
  return words;
}

function recordWords({ offset, timestampMs, key, value, headers }: DumpEntry & { readonly kind: 'record' }): string[] {
  const words = [`offset ${offset}`, dateOf(timestampMs), `key ${fieldWord(key)}`, `value ${fieldWord(value)}`];
  return [...words, ...headers.map((header) => `${fieldWord(header.name)}=${fieldWord(header.value)}`)];
}

function fieldWord(field: DumpedField): string {
  if (field === null) return 'null';
  const letters = 'text' in field ? field.text : field.base64;
  const shown = letters.length <= fieldLettersMax ? letters : letters.slice(0, fieldLettersMax);
  const missing = letters.length - shown.length;
  const word = 'text' in field ? JSON.stringify(shown) : `base64:${shown}`;
  return missing === 0 ? word : `${word} and ${missing} more`;
}

function dateOf(timestampMs: number): string {
  return Math.abs(timestampMs) <= dateMsMax ? new Date(timestampMs).toISOString() : `${timestampMs} ms`;
}
