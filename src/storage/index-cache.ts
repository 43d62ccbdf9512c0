/**
 * Indexes of sealed segments that were read lately, of all logs of a disk: bounded, so that what a broker keeps in
 * memory does not grow with what it has on the disk.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import { readIndex } from './index-files.ts';
import type { LogFolder } from './log-folder.ts';
import type { SparseIndex } from './sparse-index.ts';

export class IndexCache {
  readonly #bytesMax: number;
  /** By path; the one that was used least recently is the first. */
  readonly #indexes = new Map<string, SparseIndex>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Undefined when the segment's index is missing or spoiled: whoever makes it again puts it here. */
  async find(folder: LogFolder, base: Offset, covers: number): Promise<SparseIndex | undefined> {
    const path = folder.pathOf(base, 'index');
    const kept = this.#indexes.get(path);
    if (kept !== undefined) {
      this.#indexes.delete(path);
      this.#indexes.set(path, kept);
      return kept;
    }
    const found = await readIndex(folder, base);
    if (found === undefined || found.cover.bytes < covers) return undefined;
    this.put(folder, base, found.index);
    return found.index;
  }

  put(folder: LogFolder, base: Offset, index: SparseIndex): void {
    this.forget(folder, base);
    this.#indexes.set(folder.pathOf(base, 'index'), index);
    this.#bytes += index.sizeBytes;
    for (const [path, oldest] of this.#indexes) {
      if (this.#bytes <= this.#bytesMax || oldest === index) break;
      this.#indexes.delete(path);
      this.#bytes -= oldest.sizeBytes;
    }
    assert(this.#bytes >= 0, 'what is kept of indexes is counted');
  }

  forget(folder: LogFolder, base: Offset): void {
    const path = folder.pathOf(base, 'index');
    this.#bytes -= this.#indexes.get(path)?.sizeBytes ?? 0;
    this.#indexes.delete(path);
  }
}
