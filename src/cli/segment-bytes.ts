/**
 * A segment under somebody's eyes who walks forward through it, and who may have to search for where it goes on.
 */
import { assertUnreachable } from '../base/assert.ts';
import { refused, type Result } from '../base/result.ts';
import { frameBatch, type FrameProblem } from '../record/batch-frame.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import { batchHeaderBytes, batchMagic, position as fieldPosition } from '../record/batch-layout.ts';
import type { FileBytes } from './file-bytes.ts';

const windowBytes = 1024 * 1024;
/** What storage accepts; a larger length is damage. */
const batchBytesMax = 64 * 1024 * 1024;

export type BatchProblem = FrameProblem | { readonly type: 'checksum-mismatch' };

export class SegmentBytes {
  readonly #file: FileBytes;
  #start = 0;
  #window: Uint8Array = new Uint8Array(0);

  constructor(file: FileBytes) {
    this.#file = file;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** The batch at a position, whole and with the checksum that it says. The header is good until the next call. */
  batchAt(position: number): Result<BatchHeader, BatchProblem> {
    let framed = this.#frame(position, batchHeaderBytes);
    if (!framed.ok && framed.problem.type === 'incomplete') framed = this.#frame(position, framed.problem.bytesNeeded);
    if (!framed.ok) return framed;
    return framed.value.checksumMatches() ? framed : refused({ type: 'checksum-mismatch' });
  }

  /**
   * Where the next whole batch begins after one that is not; undefined if there is none. The end that the bad one
   * tells is tried first: inside it, somebody's value may look like a batch.
   */
  findBatchAfter(bad: number): number | undefined {
    const told = this.#toldEnd(bad);
    if (told === this.sizeBytes) return undefined;
    if (told !== undefined && this.batchAt(told).ok) return told;
    for (let position = bad + 1; position + batchHeaderBytes <= this.sizeBytes; position += 1)
      if (this.#maybeBatchAt(position) && this.batchAt(position).ok) return position;
    return undefined;
  }

  #toldEnd(position: number): number | undefined {
    const framed = this.#frame(position, batchHeaderBytes);
    if (framed.ok) return position + framed.value.sizeBytes;
    return framed.problem.type === 'incomplete' ? position + framed.problem.bytesNeeded : undefined;
  }

  /** Whether nothing but zeros comes from there on. */
  isZerosFrom(from: number): boolean {
    for (let position = from; position < this.sizeBytes; position += windowBytes)
      if (this.#file.read(position, windowBytes).some((byte) => byte !== 0)) return false;
    return true;
  }

  #frame(position: number, bytesNeeded: number): Result<BatchHeader, FrameProblem> {
    const at = this.#show(position, bytesNeeded);
    return frameBatch(this.#window, at, batchBytesMax);
  }

  /** One byte tells for nearly all places that no batch begins there. */
  #maybeBatchAt(position: number): boolean {
    const at = this.#show(position, batchHeaderBytes);
    return this.#window[at + fieldPosition.magic] === batchMagic;
  }

  /** Has so many bytes at hand, as far as the file does, and returns where they begin in the window. */
  #show(position: number, bytes: number): number {
    const isThere = position >= this.#start && position + bytes <= this.#start + this.#window.length;
    if (!isThere) {
      this.#start = position;
      this.#window = this.#file.read(position, Math.max(bytes, windowBytes));
    }
    return position - this.#start;
  }
}

export function whyNoBatch(problem: BatchProblem): string {
  switch (problem.type) {
    case 'incomplete':
      return 'the file ends within a batch';
    case 'zeros':
      return 'zeros';
    case 'bad-length':
      return `no batch is ${problem.sizeBytes} bytes long`;
    case 'unknown-magic':
      return `no batch begins there (magic ${problem.magic} instead of ${batchMagic})`;
    case 'bad-offsets':
      return `no batch has offset ${problem.baseOffset} and ${problem.lastOffsetDelta} more`;
    case 'checksum-mismatch':
      return 'the checksum does not match';
    default:
      return assertUnreachable(problem);
  }
}
