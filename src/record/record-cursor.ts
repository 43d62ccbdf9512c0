/**
 * The records of a batch, one after the other, where they lie: one cursor, no object per record.
 *
 *   while (cursor.next()) use(cursor.offset, cursor.borrowedKey, cursor.borrowedValue);
 *   if (cursor.problem !== undefined) …what is left of the batch cannot be read, only skipped…
 *
 * The checksum of a batch says that nobody changed it on its way, not that a sane program wrote it, and the broker
 * does not look inside. So no number is believed here before it is held against the bytes that are left.
 *
 * Made by open-records.ts, which also decompresses.
 */
import { offset, type Offset } from '../base/offsets.ts';
import type { BatchHeader } from './batch-header.ts';
import { VarintReader } from './varint-reader.ts';

/** A range of offsets that its reader can only skip. What came before it in the batch has been read. */
export interface UnreadableRecords {
  readonly type: 'garbage-records' | 'decompressed-too-large' | 'codec-missing';
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly why: string;
}

/** A header, in views into the batch. */
export interface BorrowedHeader {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}

/** The lengths of the record, key and value, the attributes, two deltas, the count of headers: a byte each. */
export const recordBytesMin = 7;
const headerBytesMin = 2;
const nullLength = -1;

export class RecordCursor {
  readonly #bytes: Uint8Array;
  readonly #reader: VarintReader;
  readonly #baseOffset: number;
  readonly #lastOffsetDelta: number;
  readonly #baseTimestampMs: number;
  readonly #appendTimeMs: number | undefined;
  readonly #recordCount: number;
  #readCount = 0;
  #why: string | undefined;

  /** -1 before the first record. */
  #offsetDelta = -1;
  #timestampMs = 0;
  #keyStart = 0;
  #keyBytes = nullLength;
  #valueStart = 0;
  #valueBytes = nullLength;
  #headersStart = 0;
  #headerCount = 0;

  /** The payload of the batch, decompressed if need be. What the cursor hands out are views into it. */
  constructor(header: BatchHeader, borrowedRecords: Uint8Array) {
    this.#bytes = borrowedRecords;
    this.#reader = new VarintReader(borrowedRecords);
    this.#baseOffset = header.baseOffset;
    this.#lastOffsetDelta = header.lastOffsetDelta;
    this.#baseTimestampMs = header.baseTimestampMs;
    this.#appendTimeMs = header.hasAppendTime ? header.maxTimestampMs : undefined;
    this.#recordCount = header.recordCount;
  }

  /** Moves to the next record. False at the end, and where the rest cannot be read: then `problem` says why. */
  next(): boolean {
    if (this.#why !== undefined || this.#readCount === this.#recordCount) return false;
    this.#why = this.#readRecord();
    if (this.#why !== undefined) return false;
    this.#readCount += 1;
    return true;
  }

  get problem(): UnreadableRecords | undefined {
    if (this.#why === undefined) return undefined;
    const firstOffset = offset(this.#baseOffset + this.#offsetDelta + 1);
    const lastOffset = offset(this.#baseOffset + this.#lastOffsetDelta);
    return { type: 'garbage-records', firstOffset, lastOffset, why: this.#why };
  }

  get offset(): Offset {
    return offset(this.#baseOffset + this.#offsetDelta);
  }

  get timestampMs(): number {
    return this.#timestampMs;
  }

  get hasKey(): boolean {
    return this.#keyBytes !== nullLength;
  }

  get borrowedKey(): Uint8Array | null {
    return this.#field(this.#keyStart, this.#keyBytes);
  }

  get borrowedValue(): Uint8Array | null {
    return this.#field(this.#valueStart, this.#valueBytes);
  }

  get headerCount(): number {
    return this.#headerCount;
  }

  borrowedHeaders(): BorrowedHeader[] {
    const headers: BorrowedHeader[] = [];
    const reader = new VarintReader(this.#bytes, this.#headersStart);
    while (headers.length < this.#headerCount) {
      const nameBytes = reader.read();
      const name = this.#bytes.subarray(reader.at, reader.skip(nameBytes));
      const valueBytes = reader.read();
      const value = this.#field(reader.at, valueBytes);
      if (value !== null) reader.skip(valueBytes);
      headers.push({ name, value });
    }
    return headers;
  }

  #field(start: number, bytes: number): Uint8Array | null {
    return bytes === nullLength ? null : this.#bytes.subarray(start, start + bytes);
  }

  /** Says in a sentence what is wrong. Nothing of the record before is lost by then but its fields. */
  #readRecord(): string | undefined {
    const reader = this.#reader;
    const bodyBytes = reader.read();
    const end = reader.at + bodyBytes;
    const isLast = this.#readCount === this.#recordCount - 1;
    if (bodyBytes < recordBytesMin - 1 || end > this.#bytes.length) return 'a record does not end within the batch';
    if (isLast && end !== this.#bytes.length) return 'the last record does not end where the batch does';
    reader.skip(1); // The attributes of a record, which mean nothing yet.
    const timestampDelta = reader.readLarge();
    const offsetDelta = reader.read();
    // Each record still to come needs an offset of its own, so that what cannot be read always has a range.
    const offsetDeltaMax = this.#lastOffsetDelta - (this.#recordCount - this.#readCount - 1);
    if (offsetDelta <= this.#offsetDelta || offsetDelta > offsetDeltaMax) return 'offsets do not increase to the last';
    const keyBytes = reader.read();
    const keyStart = reader.at;
    if (keyBytes < nullLength || keyBytes > end - keyStart) return 'a key does not end within its record';
    if (keyBytes > 0) reader.skip(keyBytes);
    const valueBytes = reader.read();
    const valueStart = reader.at;
    if (valueBytes < nullLength || valueBytes > end - valueStart) return 'a value does not end within its record';
    if (valueBytes > 0) reader.skip(valueBytes);
    const headerCount = reader.read();
    const headersStart = reader.at;
    if (headerCount < 0 || headerCount * headerBytesMin > end - headersStart) return 'more headers than bytes for them';
    if (!this.#skipHeaders(headerCount, end) || reader.at !== end) return 'headers do not end where their record does';
    const timestampMs = this.#appendTimeMs ?? this.#baseTimestampMs + timestampDelta;
    if (!Number.isSafeInteger(timestampMs)) return 'a timestamp is beyond what a number holds';
    this.#offsetDelta = offsetDelta;
    this.#timestampMs = timestampMs;
    this.#keyStart = keyStart;
    this.#keyBytes = keyBytes;
    this.#valueStart = valueStart;
    this.#valueBytes = valueBytes;
    this.#headersStart = headersStart;
    this.#headerCount = headerCount;
    return undefined;
  }

  #skipHeaders(count: number, end: number): boolean {
    const reader = this.#reader;
    for (let left = count; left > 0; left -= 1) {
      const nameBytes = reader.read();
      if (nameBytes < 0 || nameBytes > end - reader.at) return false;
      reader.skip(nameBytes);
      const valueBytes = reader.read();
      if (valueBytes < nullLength || valueBytes > end - reader.at) return false;
      if (valueBytes > 0) reader.skip(valueBytes);
    }
    return true;
  }
}
