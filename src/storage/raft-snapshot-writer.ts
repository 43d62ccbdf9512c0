/**
 * Writes one snapshot file: chunk by chunk under a temporary name, then synced, then under its own name. Nothing
 * points at it before all of that is durable.
 */
import { assert } from '../base/assert.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import { crc32c } from '../record/crc32c.ts';
import {
  chunkBytes,
  chunkSpan,
  encodeChunk,
  encodeHeader,
  snapshotFileName,
  type SnapshotHeader,
} from './raft-snapshot-format.ts';
import type { SnapshotPointer } from './raft-state-record.ts';

export const partialSuffix = '.partial';

export class SnapshotWriter {
  readonly header: SnapshotHeader;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #partialName: string;
  readonly #file: DiskFile;
  readonly #pending = new Uint8Array(chunkBytes);
  #pendingBytes = 0;
  #chunksWritten = 0;
  #contentCrc = 0;
  /** Stays true when the write fails. */
  #isChunkUnderWay = false;
  #state: 'writing' | 'finished' | 'abandoned' = 'writing';

  private constructor(options: SnapshotWriterOptions, file: DiskFile) {
    this.header = options.header;
    this.#disk = options.disk;
    this.#folder = options.folder;
    this.#partialName = options.name + partialSuffix;
    this.#file = file;
  }

  static async begin(options: SnapshotWriterOptions): Promise<SnapshotWriter> {
    const path = `${options.folder}/${options.name}${partialSuffix}`;
    const file = await options.disk.openFile(path, 'create-or-existing');
    await file.truncate(0);
    await file.write(0, [encodeHeader(options.header)]);
    return new SnapshotWriter(options, file);
  }

  /** Bytes of content taken so far. */
  get sizeBytes(): number {
    return this.#chunksWritten * chunkBytes + this.#pendingBytes;
  }

  /** Copies what it keeps. One call at a time. */
  async append(borrowedContent: Uint8Array): Promise<void> {
    assert(this.#state === 'writing', 'a snapshot that ended takes no more content', { state: this.#state });
    for (let at = 0; at < borrowedContent.length;) {
      const part = borrowedContent.subarray(at, at + chunkBytes - this.#pendingBytes);
      this.#pending.set(part, this.#pendingBytes);
      this.#pendingBytes += part.length;
      at += part.length;
      if (this.#pendingBytes === chunkBytes) await this.#writeChunk();
    }
  }

  /** When it resolves, the file is durable under its own name. */
  async finish(): Promise<SnapshotPointer> {
    assert(this.#state === 'writing', 'a snapshot ends once', { state: this.#state });
    assert(!this.#isChunkUnderWay, 'a snapshot whose bytes were not all written is not finished');
    const sizeBytes = this.sizeBytes;
    if (this.#pendingBytes > 0) await this.#writeChunk();
    this.#state = 'finished';
    await this.#file.sync();
    await this.#file.close();
    const pointer = { place: this.header.place, sizeBytes, contentCrc: this.#contentCrc };
    await this.#disk.rename(`${this.#folder}/${this.#partialName}`, `${this.#folder}/${snapshotFileName(pointer)}`);
    await this.#disk.syncFolder(this.#folder);
    return pointer;
  }

  /** No error when it has ended already. */
  async abandon(): Promise<void> {
    if (this.#state !== 'writing') return;
    this.#state = 'abandoned';
    await this.#file.close();
    await this.#disk.removeFile(`${this.#folder}/${this.#partialName}`);
  }

  async #writeChunk(): Promise<void> {
    const content = this.#pending.subarray(0, this.#pendingBytes);
    const number = this.#chunksWritten;
    const { position } = chunkSpan(this.header, { number, sizeBytes: this.sizeBytes });
    this.#contentCrc = crc32c(content, this.#contentCrc);
    assert(!this.#isChunkUnderWay, 'a snapshot takes one call at a time, and none after a failed one', { number });
    this.#isChunkUnderWay = true;
    await this.#file.write(position, [encodeChunk(number, content)]);
    this.#isChunkUnderWay = false;
    this.#chunksWritten += 1;
    this.#pendingBytes = 0;
  }
}

export interface SnapshotWriterOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Of the temporary file, without its suffix. */
  readonly name: string;
  readonly header: SnapshotHeader;
}
