/**
 * The header of a batch, read and stamped where it lies. Copies nothing and checks nothing: the numbers are what the
 * bytes say, of a stranger or of a damaged disk. Who needs to know whether this is a batch at all asks
 * batch-frame.ts first.
 */
import { assert } from '../base/assert.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import { attribute, batchHeaderBytes, bytesBeforeLength, checksummedFrom, position } from './batch-layout.ts';
import { crc32c } from './crc32c.ts';
import { readInt64, writeInt64 } from './int64.ts';

export class BatchHeader {
  readonly #bytes: Uint8Array;
  readonly #fields: DataView;

  /** The header that begins at `at`. It reads through to the bytes for as long as it is kept. */
  constructor(borrowedBytes: Uint8Array, at = 0) {
    assert(
      at >= 0 && borrowedBytes.length - at >= batchHeaderBytes,
      'a header is looked at where there is room for one',
    );
    this.#bytes = borrowedBytes;
    this.#fields = new DataView(borrowedBytes.buffer, borrowedBytes.byteOffset + at);
  }

  /** Numbers of eight bytes are NaN if they are beyond what a number holds exactly: no comparison with it is true. */
  get baseOffset(): number {
    return readInt64(this.#fields, position.baseOffset);
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta;
  }

  /** The offset that the next batch may have. */
  get nextOffset(): number {
    return this.lastOffset + 1;
  }

  /** Of the whole batch, header included. */
  get sizeBytes(): number {
    return bytesBeforeLength + this.#fields.getInt32(position.length);
  }

  get leaderEpoch(): number {
    return this.#fields.getInt32(position.leaderEpoch);
  }

  get magic(): number {
    return this.#fields.getInt8(position.magic);
  }

  get checksum(): number {
    return this.#fields.getUint32(position.checksum);
  }

  get attributes(): number {
    return this.#fields.getUint16(position.attributes);
  }

  /** As a number from 0 to 7: batch-codec.ts has the names. */
  get codecNumber(): number {
    return this.attributes & attribute.codecMask;
  }

  /** The times are those of the append, not the producer's: then the maximum holds for every record. */
  get hasAppendTime(): boolean {
    return (this.attributes & attribute.appendTime) !== 0;
  }

  get isTransactional(): boolean {
    return (this.attributes & attribute.transactional) !== 0;
  }

  /** Holds a transaction's marker, which consumers never see. */
  get isControl(): boolean {
    return (this.attributes & attribute.control) !== 0;
  }

  /** Then the base timestamp says until when the batch's deletions are kept. */
  get hasDeleteHorizon(): boolean {
    return (this.attributes & attribute.deleteHorizon) !== 0;
  }

  get lastOffsetDelta(): number {
    return this.#fields.getInt32(position.lastOffsetDelta);
  }

  get baseTimestampMs(): number {
    return readInt64(this.#fields, position.baseTimestamp);
  }

  get maxTimestampMs(): number {
    return readInt64(this.#fields, position.maxTimestamp);
  }

  get producerId(): number {
    return readInt64(this.#fields, position.producerId);
  }

  get producerEpoch(): number {
    return this.#fields.getInt16(position.producerEpoch);
  }

  get baseSequence(): number {
    return this.#fields.getInt32(position.baseSequence);
  }

  get recordCount(): number {
    return this.#fields.getInt32(position.recordCount);
  }

  /** The records, compressed if there is a codec. The whole batch must be there: `sizeBytes` from its beginning. */
  get borrowedPayload(): Uint8Array {
    return this.#wholeBatch().subarray(batchHeaderBytes);
  }

  /** The whole batch must be there. */
  checksumMatches(): boolean {
    return this.checksum === this.#computeChecksum();
  }

  /** In place, without a new checksum: base offset and leader epoch stand before it. */
  stamp({ baseOffset, leaderEpoch }: { baseOffset: Offset; leaderEpoch: LeaderEpoch }): void {
    writeInt64(this.#fields, position.baseOffset, baseOffset);
    this.#fields.setInt32(position.leaderEpoch, leaderEpoch);
  }

  /**
   * In place, with a new checksum and without a look at the records: a reader gives each of them the maximum.
   * The whole batch must be there, and its checksum must have matched: else this would seal the damage.
   */
  stampAppendTime(appendTimeMs: number): void {
    assert(
      Number.isSafeInteger(appendTimeMs) && appendTimeMs >= 0,
      'the time of an append is in milliseconds from 1970',
    );
    this.#fields.setUint16(position.attributes, this.attributes | attribute.appendTime);
    writeInt64(this.#fields, position.maxTimestamp, appendTimeMs);
    this.#fields.setUint32(position.checksum, this.#computeChecksum());
  }

  #computeChecksum(): number {
    return crc32c(this.#wholeBatch().subarray(checksummedFrom));
  }

  #wholeBatch(): Uint8Array {
    const start = this.#fields.byteOffset - this.#bytes.byteOffset;
    const end = start + this.sizeBytes;
    const isThere = end >= start + batchHeaderBytes && end <= this.#bytes.length;
    assert(isThere, 'a batch is looked into where it is whole', () => ({ start, end, bytes: this.#bytes.length }));
    return this.#bytes.subarray(start, end);
  }
}
