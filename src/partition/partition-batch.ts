/**
 * A batch as the core sees it: what its header says, beside bytes that nobody here looks into.
 *
 * The bytes are the producer's from end to end. The leader alone writes into them, once, before they go anywhere:
 * base offset and epoch stand outside the checksum, so stamping costs nothing per record.
 */
import { assert } from '../base/assert.ts';
import { leaderEpoch, offset, offsetAfter, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { producerId, type ProducerId } from '../base/producer-ids.ts';
import { BatchHeader } from '../record/batch-header.ts';

/** Sequence numbers have four bytes without a sign and begin again at 0 (I4). */
export const sequenceCount = 2 ** 31;

/** Of an idempotent producer. `lastSequence` may be below `baseSequence`: then the batch crosses the wrap. */
export interface ProducerFacts {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
}

/** Checked by whoever took it from a client: form, checksum, bounds, that its bits and its producer are allowed. */
export interface NewBatch {
  /** Handed over: nobody writes into them afterwards but the leader's stamp. */
  readonly ownedBytes: Uint8Array;
  /** Offsets that it takes: its last delta plus one. */
  readonly offsetCount: number;
  readonly maxTimestampMs: number;
  /** Undefined: no retry of it can be told from a new batch. */
  readonly producer: ProducerFacts | undefined;
}

/** Has its place, on this replica and on every other. What storage calls a stamped batch, and who wrote it. */
export interface AssignedBatch {
  readonly ownedBytes: Uint8Array;
  readonly baseOffset: Offset;
  /** One after its last record. */
  readonly nextOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly maxTimestampMs: number;
  readonly producer: ProducerFacts | undefined;
}

export function newBatch(ownedBytes: Uint8Array): NewBatch {
  const header = new BatchHeader(ownedBytes);
  assert(header.lastOffsetDelta >= 0, 'a checked batch takes at least one offset');
  return {
    ownedBytes,
    offsetCount: header.lastOffsetDelta + 1,
    maxTimestampMs: header.maxTimestampMs,
    producer: producerFacts(header),
  };
}

/** As a peer sent it or a log holds it. Checked before, like everything that comes in. */
export function assignedBatch(ownedBytes: Uint8Array): AssignedBatch {
  const header = new BatchHeader(ownedBytes);
  return {
    ownedBytes,
    baseOffset: offset(header.baseOffset),
    nextOffset: offset(header.nextOffset),
    leaderEpoch: leaderEpoch(header.leaderEpoch),
    maxTimestampMs: header.maxTimestampMs,
    producer: producerFacts(header),
  };
}

/** Gives a batch its place, in its own bytes. */
export function stampBatch(batch: NewBatch, baseOffset: Offset, epoch: LeaderEpoch): AssignedBatch {
  const { ownedBytes, maxTimestampMs, producer } = batch;
  new BatchHeader(ownedBytes).stamp({ baseOffset, leaderEpoch: epoch });
  const nextOffset = offsetAfter(baseOffset, batch.offsetCount);
  assert(nextOffset > baseOffset, 'P13: a batch takes at least one offset', () => ({ baseOffset, nextOffset }));
  return { ownedBytes, baseOffset, nextOffset, leaderEpoch: epoch, maxTimestampMs, producer };
}

function producerFacts(header: BatchHeader): ProducerFacts | undefined {
  const { producerId: id, producerEpoch, baseSequence, lastOffsetDelta } = header;
  if (id < 0) return undefined;
  const lastSequence = (baseSequence + lastOffsetDelta) % sequenceCount;
  return { producerId: producerId(id), producerEpoch, baseSequence, lastSequence };
}
