/**
 * An open file on a real disk.
 */
import { assert } from '../base/assert.ts';
import { DiskError, type DiskFile } from '../ports/disk.ts';
import { inWordsOfDisk } from './node-disk-errors.ts';
import type { DiskFunctions } from './node-disk-functions.ts';

/** Linux takes no more parts in one gathered write (IOV_MAX). */
const partsPerWriteMax = 1024;

export class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #functions: DiskFunctions;
  #isOpen = true;
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  constructor(path: string, descriptor: number, functions: DiskFunctions) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#functions = functions;
  }

  sizeBytes(): Promise<number> {
    return this.#perform('size', () => this.#functions.sizeBytes(this.#descriptor));
  }

  write(position: number, ownedParts: readonly Uint8Array[]): Promise<void> {
    this.#assertPlace(position);
    return this.#perform('write', () => this.#writeAll(position, ownedParts));
  }

  read(position: number, length: number): Promise<Uint8Array> {
    this.#assertPlace(position);
    this.#assertPlace(length);
    return this.#perform('read', () => this.#readAll(position, length));
  }

  sync(): Promise<void> {
    return this.#perform('sync', () => this.#functions.syncData(this.#descriptor));
  }

  truncate(sizeBytes: number): Promise<void> {
    this.#assertPlace(sizeBytes);
    return this.#perform('truncate', () => this.#functions.truncate(this.#descriptor, sizeBytes));
  }

  async close(): Promise<void> {
    this.#mustBeOpen('close');
    this.#isOpen = false;
    // The system gives the number of a closed descriptor to the next file that is opened: a write that was still
    // on its way would land in that one.
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await inWordsOfDisk({ operation: 'close', path: this.path }, () => this.#functions.close(this.#descriptor));
  }

  async #perform<Value>(operation: string, call: () => Promise<Value>): Promise<Value> {
    this.#mustBeOpen(operation);
    this.#inFlight += 1;
    try {
      return await inWordsOfDisk({ operation, path: this.path }, call);
    } finally {
      this.#inFlight -= 1;
      assert(this.#inFlight >= 0, 'an operation ends once', { path: this.path });
      if (this.#inFlight === 0) this.#onIdle?.();
    }
  }

  /** The system may write less than it was given, for example when a signal comes or the disk is nearly full. */
  async #writeAll(position: number, ownedParts: readonly Uint8Array[]): Promise<void> {
    let at = position;
    let parts = ownedParts.filter((part) => part.length > 0);
    while (parts.length > 0) {
      const written = await this.#functions.write(this.#descriptor, parts.slice(0, partsPerWriteMax), at);
      if (written === 0) throw new DiskError('io', { operation: 'write', path: this.path });
      at += written;
      parts = withoutFirst(parts, written);
    }
  }

  async #readAll(position: number, length: number): Promise<Uint8Array> {
    const { buffer } = Buffer.allocUnsafeSlow(length);
    const bytes = new Uint8Array(buffer, 0, length);
    let filled = 0;
    while (filled < length) {
      const read = await this.#functions.read(this.#descriptor, bytes.subarray(filled), position + filled);
      assert(read <= length - filled, 'a read stays within its buffer', { path: this.path, read });
      if (read === 0) return bytes.slice(0, filled);
      filled += read;
    }
    return bytes;
  }

  #mustBeOpen(operation: string): void {
    if (!this.#isOpen) throw new DiskError('closed', { operation, path: this.path });
  }

  #assertPlace(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a place in a file is a whole number from 0 to 2^53-1', () => ({
      value,
      path: this.path,
    }));
  }
}

function withoutFirst(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  let whole = 0;
  for (let part = parts[0]; part !== undefined && part.length <= left; part = parts[whole]) {
    left -= part.length;
    whole += 1;
  }
  const rest = parts.slice(whole);
  if (left > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(left);
  return rest;
}
