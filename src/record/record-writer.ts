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
const loopLettersMax = 20;
const loopBytesMax = 8;
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
    const { key, value, headers } = record;
    const hasHeaders = headers !== undefined && headers.length > 0;
    const bodyGuess =
      1 +
      sizeOfVarint(timestampDelta) +
      sizeOfLength(offsetDelta) +
      guessBytes(key) +
      guessBytes(value) +
      (hasHeaders ? guessHeadersBytes(headers) : 1);
    const lengthGuess = sizeOfLength(bodyGuess);
    const start = this.#end;
    // One multiplication tells what nearly always holds: there is room whatever the letters take.
    if ((lengthGuess + bodyGuess) * bytesPerLetterMax > Math.min(this.#buffer.length, endMax) - start) {
      const exact = lengthGuess + bodyGuess + extraBytes(record, bodyGuess);
      if (exact > endMax - start) return false;
      this.#growTo(start + exact, endMax);
    }
    const buffer = this.#buffer;
    const bodyStart = start + lengthGuess;
    buffer[bodyStart] = 0;
    let at = writeVarint(buffer, bodyStart + 1, timestampDelta);
    at = writeVarint(buffer, at, offsetDelta);
    at = writeField(buffer, at, key);
    at = writeField(buffer, at, value);
    if (hasHeaders) at = writeHeaders(buffer, at, headers);
    else buffer[at++] = 0;
    const bodyBytes = at - bodyStart;
    const shift = bodyBytes === bodyGuess ? 0 : sizeOfLength(bodyBytes) - lengthGuess;
    if (shift !== 0) buffer.copyWithin(bodyStart + shift, bodyStart, at);
    writeVarint(buffer, start, bodyBytes);
    this.#end = at + shift;
    return true;
  }

  #growTo(bytes: number, bytesMax: number): void {
    if (bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes, this.#buffer.length * 2), bytesMax));
    grown.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = grown;
  }
}

/** If all text is ASCII; never more than it will be. */
function guessBytes(field: FieldToWrite): number {
  return field === null ? 1 : sizeOfLength(field.length) + field.length;
}

function guessHeadersBytes(headers: readonly NewHeader[]): number {
  let bytes = sizeOfLength(headers.length);
  for (const { name, value } of headers) bytes += guessBytes(name) + guessBytes(value);
  return bytes;
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

function writeHeaders(buffer: Buffer, start: number, headers: readonly NewHeader[]): number {
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
