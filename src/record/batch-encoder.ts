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
import { codecNumberOf, findCodec, type CodecName } from './batch-codec.ts';
import { crc32c } from './crc32c.ts';
import { writeInt64 } from './int64.ts';
import { varintMagnitudeMax } from './varint.ts';
import type { CodecRoutines } from './zlib-codec.ts';
import type { NewRecord } from './new-record.ts';
import { RecordWriter } from './record-writer.ts';

export interface BatchEncoderOptions {
  /** A batch that is not empty takes no record that would make it larger than this. */
  readonly batchBytesTarget: number;
  /** No batch is larger, not even one of a single record. */
  readonly batchBytesMax: number;
  /** One that this installation has: batch-codec.ts tells. */
  readonly codec?: CodecName;
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
  readonly #options: BatchEncoderOptions;
  readonly #codec: CodecRoutines | undefined;
  readonly #writer: RecordWriter;
  #recordCount = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;

  constructor(options: BatchEncoderOptions) {
    const { batchBytesTarget, batchBytesMax, codec = 'none' } = options;
    assert(batchBytesTarget > batchHeaderBytes, 'a batch has room for more than its header', { batchBytesTarget });
    assert(batchBytesTarget <= batchBytesMax, 'the usual batch is no larger than any may be', { ...options });
    this.#options = options;
    this.#codec = codec === 'none' ? undefined : findCodec(codec);
    assert(codec === 'none' || this.#codec !== undefined, 'a batch is compressed by a codec that is there', { codec });
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
    if (!isTimestamp(timestampMs)) assert(false, 'a timestamp is in milliseconds since 1970', { timestampMs });
    const isFirst = this.#recordCount === 0;
    const timestampDelta = isFirst ? 0 : timestampMs - this.#baseTimestampMs;
    const { batchBytesTarget, batchBytesMax } = this.#options;
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
    const compressed = this.#compressed();
    const borrowedBatch = compressed ?? this.#writer.borrowedBuffer.subarray(0, this.#writer.end);
    const codecNumber = compressed === undefined ? 0 : codecNumberOf(this.#options.codec ?? 'none');
    this.#writeHeader(borrowedBatch, codecNumber, identity);
    this.#writer.restart();
    this.#recordCount = 0;
    return borrowedBatch;
  }

  /** The batch, in bytes of its own. */
  finishOwned(identity: BatchIdentity = {}): Uint8Array {
    return Uint8Array.from(this.finishBorrowed(identity));
  }

  /** With room for the header; undefined without a codec, or where it does not make the batch smaller. */
  #compressed(): Uint8Array | undefined {
    const payload = this.#codec?.compress(this.#writer.borrowedBuffer.subarray(batchHeaderBytes, this.#writer.end));
    if (payload === undefined || payload.length >= this.#writer.end - batchHeaderBytes) return undefined;
    const batch = new Uint8Array(batchHeaderBytes + payload.length);
    batch.set(payload, batchHeaderBytes);
    return batch;
  }

  #writeHeader(batch: Uint8Array, codecNumber: number, identity: BatchIdentity): void {
    const { producer, isTransactional = false, isControl = false } = identity;
    const fields = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    writeInt64(fields, position.baseOffset, 0);
    fields.setInt32(position.length, batch.length - bytesBeforeLength);
    fields.setInt32(position.leaderEpoch, noLeaderEpoch);
    fields.setInt8(position.magic, batchMagic);
    const kinds = (isTransactional ? attribute.transactional : 0) | (isControl ? attribute.control : 0);
    fields.setUint16(position.attributes, codecNumber | kinds);
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
