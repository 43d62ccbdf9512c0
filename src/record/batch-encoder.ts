/**
 * Builds batches for a producer: records in, the bytes of a batch out.
 *
 * Runs once per record, so it keeps no object per record; one growing buffer serves all batches of an encoder.
 *
 * Read next: batch-layout.ts for the format, record-writer.ts for one record.
 */
import { assert } from '../base/assert.ts';
import {
  attribute,
  batchHeaderBytes,
  batchMagic,
  bytesBeforeLength,
  checksummedFrom,
  noLeaderEpoch,
  noProducer,
  position,
} from './batch-layout.ts';
import { crc32c } from './crc32c.ts';
import { writeInt64 } from './int64.ts';
import { varintMagnitudeMax } from './varint.ts';
import type { NewRecord } from './new-record.ts';
import { RecordWriter } from './record-writer.ts';

export interface BatchEncoderLimits {
  /** A batch that is not empty takes no record that would make it larger than this. */
  readonly batchBytesTarget: number;
  /** No batch is larger, not even one of a single record. */
  readonly batchBytesMax: number;
}

export type AppendOutcome = 'appended' | 'batch-full' | 'record-too-large';

/** What a producer knows only when it sends the batch. */
export interface BatchIdentity {
  /** Of an idempotent producer: its id, epoch, and the sequence number of the first record. */
  readonly producer?: { readonly id: number; readonly epoch: number; readonly baseSequence: number };
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

const firstBufferBytes = 4096;

export class BatchEncoder {
  readonly #limits: BatchEncoderLimits;
  readonly #writer: RecordWriter;
  #recordCount = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;

  constructor(limits: BatchEncoderLimits) {
    const { batchBytesTarget, batchBytesMax } = limits;
    assert(batchBytesTarget > batchHeaderBytes, 'a batch has room for more than its header', { batchBytesTarget });
    assert(batchBytesTarget <= batchBytesMax, 'the usual batch is no larger than any may be', { ...limits });
    this.#limits = limits;
    this.#writer = new RecordWriter(batchHeaderBytes, Math.min(firstBufferBytes, batchBytesMax));
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Of the batch so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#writer.end;
  }

  /** Copies what it keeps. A record that is not appended leaves no trace. */
  append(record: NewRecord): AppendOutcome {
    const { timestampMs } = record;
    assert(isTimestamp(timestampMs), 'a timestamp is in milliseconds since 1970', () => ({ timestampMs }));
    const isFirst = this.#recordCount === 0;
    const timestampDelta = isFirst ? 0 : timestampMs - this.#baseTimestampMs;
    const { batchBytesTarget, batchBytesMax } = this.#limits;
    const endMax = isFirst ? batchBytesMax : batchBytesTarget;
    if (!this.#writer.write(record, timestampDelta, this.#recordCount, endMax))
      return isFirst ? 'record-too-large' : 'batch-full';
    if (isFirst) this.#baseTimestampMs = timestampMs;
    if (isFirst || timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    this.#recordCount += 1;
    return 'appended';
  }

  /** The batch, in a buffer that the next append writes over. Base offset and leader epoch are the leader's to stamp. */
  finishBorrowed(identity: BatchIdentity = {}): Uint8Array {
    assert(this.#recordCount > 0, 'a batch has at least one record');
    const borrowedBatch = this.#writer.borrowedBuffer.subarray(0, this.#writer.end);
    this.#writeHeader(borrowedBatch, identity);
    this.#writer.restart();
    this.#recordCount = 0;
    return borrowedBatch;
  }

  /** The batch, in bytes of its own. */
  finishOwned(identity: BatchIdentity = {}): Uint8Array {
    return Uint8Array.from(this.finishBorrowed(identity));
  }

  #writeHeader(batch: Uint8Array, identity: BatchIdentity): void {
    const { producer, isTransactional = false, isControl = false } = identity;
    const fields = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    writeInt64(fields, position.baseOffset, 0);
    fields.setInt32(position.length, batch.length - bytesBeforeLength);
    fields.setInt32(position.leaderEpoch, noLeaderEpoch);
    fields.setInt8(position.magic, batchMagic);
    const attributes = (isTransactional ? attribute.transactional : 0) | (isControl ? attribute.control : 0);
    fields.setUint16(position.attributes, attributes);
    fields.setInt32(position.lastOffsetDelta, this.#recordCount - 1);
    writeInt64(fields, position.baseTimestamp, this.#baseTimestampMs);
    writeInt64(fields, position.maxTimestamp, this.#maxTimestampMs);
    writeInt64(fields, position.producerId, producer?.id ?? noProducer);
    fields.setInt16(position.producerEpoch, producer?.epoch ?? noProducer);
    fields.setInt32(position.baseSequence, producer?.baseSequence ?? noProducer);
    fields.setInt32(position.recordCount, this.#recordCount);
    fields.setUint32(position.checksum, crc32c(batch.subarray(checksummedFrom)));
  }
}

/** The largest leaves room for the difference of any two. */
function isTimestamp(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= varintMagnitudeMax;
}
