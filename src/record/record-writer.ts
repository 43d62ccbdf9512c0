/**
 * Writes records, one after the other, into one growing buffer.
 *
 * The hot loop of every producer. Lengths stand before what they measure, and how many bytes a string takes is known
 * only when it is written. So each length is written as if all text were ASCII, in which a letter is a byte; where
 * it was not, and its real length needs a wider varint, what follows is moved by that byte or two. So a string is passed
 * over once.
 *
 * Numbers are handed on one by one, not in an object: there would be one more object per record.
 */
import { assert } from '../base/assert.ts';
import type { FieldToWrite, NewHeader, NewRecord } from './new-record.ts';
import { sizeOfLength, sizeOfVarint, writeVarint } from './varint.ts';

/** Below this many letters a loop costs less than a call into Node. */
const loopLettersMax = 40;
const loopBytesMax = 32;
/** No letter of a JavaScript string takes more bytes. */
const bytesPerLetterMax = 3;

export class RecordWriter {
  #buffer: Buffer;
  readonly #startAt: number;
  #end: number;

  /** Leaves the first `startAt` bytes of the buffer alone. */
  constructor(startAt: number, firstBufferBytes: number) {
    assert(startAt <= firstBufferBytes, 'the buffer holds what is left alone');
    this.#buffer = Buffer.allocUnsafeSlow(firstBufferBytes);
    this.#startAt = startAt;
    this.#end = startAt;
  }

  /** Replaced when it grows: ask anew after each write. */
  get borrowedBuffer(): Buffer {
    return this.#buffer;
  }

  get end(): number {
    return this.#end;
  }

  restart(): void {
    this.#end = this.#startAt;
  }

  /** False, and nothing is written, if the record would reach beyond `endMax`. */
  write(record: NewRecord, timestampDelta: number, offsetDelta: number, endMax: number): boolean {
    const bodyGuess = guessBodyBytes(record, timestampDelta, offsetDelta);
    const guess = sizeOfLength(bodyGuess) + bodyGuess;
    const room = Math.min(this.#buffer.length, endMax) - this.#end;
    // The second half says in one multiplication what nearly always holds: enough room whatever the letters are.
    if (guess > room || guess * bytesPerLetterMax > room) {
      const exact = guess + extraBytes(record, bodyGuess);
      if (exact > endMax - this.#end) return false;
      this.#growTo(this.#end + exact, endMax);
    }
    this.#end = writeRecord(this.#buffer, this.#end, record, timestampDelta, offsetDelta, bodyGuess);
    return true;
  }

  #growTo(bytes: number, bytesMax: number): void {
    if (bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes, this.#buffer.length * 2), bytesMax));
    grown.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = grown;
  }
}

/** Of everything after the record's own length, if all text is ASCII; never more than it will be. */
function guessBodyBytes(record: NewRecord, timestampDelta: number, offsetDelta: number): number {
  const { headers } = record;
  let bytes = 1 + sizeOfVarint(timestampDelta) + sizeOfLength(offsetDelta);
  bytes += guessFieldBytes(record.key) + guessFieldBytes(record.value);
  if (headers === undefined || headers.length === 0) return bytes + 1;
  bytes += sizeOfLength(headers.length);
  for (const { name, value } of headers) bytes += guessFieldBytes(name) + guessFieldBytes(value);
  return bytes;
}

function guessFieldBytes(field: FieldToWrite): number {
  return field === null ? 1 : sizeOfLength(field.length) + field.length;
}

/** How much longer than the guess the record is. A pass over its text, and so only for records near the end of the room. */
function extraBytes(record: NewRecord, bodyGuess: number): number {
  let extra = extraFieldBytes(record.key) + extraFieldBytes(record.value);
  for (const { name, value } of record.headers ?? []) extra += extraFieldBytes(name) + extraFieldBytes(value);
  return extra + sizeOfLength(bodyGuess + extra) - sizeOfLength(bodyGuess);
}

function extraFieldBytes(field: FieldToWrite): number {
  if (typeof field !== 'string') return 0;
  const bytes = Buffer.byteLength(field);
  return bytes - field.length + sizeOfLength(bytes) - sizeOfLength(field.length);
}

function writeRecord(
  buffer: Buffer,
  start: number,
  record: NewRecord,
  timestampDelta: number,
  offsetDelta: number,
  bodyGuess: number,
): number {
  const bodyStart = start + sizeOfLength(bodyGuess);
  buffer[bodyStart] = 0;
  let at = writeVarint(buffer, bodyStart + 1, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = writeField(buffer, at, record.key);
  at = writeField(buffer, at, record.value);
  at = writeHeaders(buffer, at, record.headers);
  const bodyBytes = at - bodyStart;
  const shift = sizeOfLength(bodyBytes) - sizeOfLength(bodyGuess);
  if (shift !== 0) buffer.copyWithin(bodyStart + shift, bodyStart, at);
  writeVarint(buffer, start, bodyBytes);
  return at + shift;
}

function writeHeaders(buffer: Buffer, start: number, headers: readonly NewHeader[] | undefined): number {
  if (headers === undefined || headers.length === 0) {
    buffer[start] = 0;
    return start + 1;
  }
  let at = writeVarint(buffer, start, headers.length);
  for (const { name, value } of headers) at = writeField(buffer, writeField(buffer, at, name), value);
  return at;
}

function writeField(buffer: Buffer, start: number, field: FieldToWrite): number {
  if (field === null) return writeVarint(buffer, start, -1);
  if (typeof field === 'string') return writeText(buffer, start, field);
  const at = writeVarint(buffer, start, field.length);
  if (field.length > loopBytesMax) buffer.set(field, at);
  else for (let from = 0; from < field.length; from += 1) buffer[at + from] = field[from] as number;
  return at + field.length;
}

function writeText(buffer: Buffer, start: number, text: string): number {
  const letters = text.length;
  const at = start + sizeOfLength(letters);
  const bytes = writeLetters(buffer, at, text);
  const shift = bytes === letters ? 0 : sizeOfLength(bytes) - sizeOfLength(letters);
  if (shift !== 0) buffer.copyWithin(at + shift, at, at + bytes);
  writeVarint(buffer, start, bytes);
  return at + shift + bytes;
}

/** Returns how many bytes the letters took. */
function writeLetters(buffer: Buffer, at: number, text: string): number {
  const letters = text.length;
  if (letters > loopLettersMax) return buffer.write(text, at);
  for (let from = 0; from < letters; from += 1) {
    const letter = text.charCodeAt(from);
    if (letter > 0x7f) return buffer.write(text, at);
    buffer[at + from] = letter;
  }
  return letters;
}
