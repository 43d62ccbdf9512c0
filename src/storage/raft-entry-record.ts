/**
 * One log entry as the raft store keeps it.
 *
 *   0        4         5         13       21       25
 *   +--------+---------+---------+--------+--------+---------
 *   | crc32c | version | index   | term   | chain  | payload
 *   | 4      | 1       | 8       | 8      | 4      |
 *   +--------+---------+---------+--------+--------+---------
 *
 * The checksum covers everything after itself and finds a damaged record. The chain is a CRC-32C over the chain
 * of the entry before and this entry's index, term and payload; it finds a record that is whole but does not
 * belong here: an older version of the same index that came back because the store below lost the batch that
 * replaced it. The payload is opaque; its meaning is quorum's.
 */
import { assert } from '../base/assert.ts';
import { logIndex, term, type LogIndex, type Term } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';

export interface RaftEntryRecord {
  readonly index: LogIndex;
  readonly term: Term;
  readonly payload: Uint8Array;
}

/** An entry and what it adds up to with everything before it. */
export interface ChainedEntry extends RaftEntryRecord {
  readonly chain: number;
}

const entryRecordVersion = 1;
const checksummedFrom = 4;
export const entryHeaderBytes = 25;

/** Small enough that a batch of one entry fits a message between voters with room to spare. */
export const entryPayloadBytesMax = 8 * 1024 * 1024;

/** Written and read within one call; making it anew for every entry is what a batch would spend its time on. */
const chainHead = new ByteWriter(20);

export function chainAfter(previousChain: number, entry: RaftEntryRecord): number {
  const head = chainHead.restart().uint32(previousChain).position(entry.index).position(entry.term).finish();
  return crc32c(entry.payload, crc32c(head));
}

export function encodeEntryRecord(entry: ChainedEntry): Uint8Array {
  assert(entry.payload.length <= entryPayloadBytesMax, 'the payload of an entry is bounded', () => ({
    index: entry.index,
    payloadBytes: entry.payload.length,
  }));
  const record = new ByteWriter(entryHeaderBytes + entry.payload.length)
    .uint32(0)
    .uint8(entryRecordVersion)
    .position(entry.index)
    .position(entry.term)
    .uint32(entry.chain)
    .raw(entry.payload)
    .finish();
  new DataView(record.buffer).setUint32(0, crc32c(record.subarray(checksummedFrom)));
  return record;
}

/** The payload is a view into `ownedRecord`. Says in a sentence what is wrong. */
export function decodeEntryRecord(ownedRecord: Uint8Array): Result<ChainedEntry, string> {
  if (ownedRecord.length < entryHeaderBytes) return refused('an entry is shorter than its header');
  const reader = new ByteReader(ownedRecord);
  const checksum = reader.uint32();
  if (checksum !== crc32c(ownedRecord.subarray(checksummedFrom)))
    return refused('the checksum of an entry does not match its bytes');
  if (reader.uint8() !== entryRecordVersion) return refused('an entry has a version that this release does not know');
  const index = reader.position();
  const entryTerm = reader.position();
  const chain = reader.uint32();
  const payload = reader.raw(reader.remaining);
  if (!reader.sound) return refused('an entry holds a number beyond 2^53-1');
  return ok({ index: logIndex(index), term: term(entryTerm), chain, payload });
}
