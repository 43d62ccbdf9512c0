/**
 * Files in memory behind the disk port, without time, chance or faults: what it takes to open a log a hundred thousand
 * times. The simulated disk is the one that misbehaves.
 */
import { DiskError, type Disk, type DiskFile } from '../../src/ports/disk.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

export class MemoryDisk implements Disk {
  readonly #files: Map<string, Uint8Array>;

  /** Nobody changes the bytes of `files` afterwards: a write replaces them. */
  constructor(files: Files = new Map()) {
    this.#files = new Map(files);
  }

  get files(): Files {
    return this.#files;
  }

  async openFile(path: string, mode: 'create' | 'existing' | 'create-or-existing'): Promise<DiskFile> {
    const isThere = this.#files.has(path);
    if (mode === 'existing' && !isThere) throw new DiskError('missing', { operation: 'open', path });
    if (mode === 'create' && isThere) throw new DiskError('exists', { operation: 'open', path });
    if (!isThere) this.#files.set(path, new Uint8Array(0));
    const read = (): Uint8Array => this.#files.get(path) ?? new Uint8Array(0);
    const replace = (bytes: Uint8Array): void => void this.#files.set(path, bytes);
    return {
      path,
      sizeBytes: async () => read().length,
      read: async (position, length) => read().slice(position, position + length),
      write: async (position, ownedParts) => replace(overwritten(read(), position, Buffer.concat(ownedParts))),
      truncate: async (sizeBytes) => replace(overwritten(read().subarray(0, sizeBytes), sizeBytes, new Uint8Array(0))),
      sync: async () => {},
      close: async () => {},
    };
  }

  async list(folder: string): Promise<readonly string[]> {
    const names = [...this.#files.keys()].filter((path) => path.startsWith(`${folder}/`));
    if (names.length === 0) throw new DiskError('missing', { operation: 'list', path: folder });
    return names.map((path) => path.slice(folder.length + 1)).sort();
  }

  async rename(from: string, to: string): Promise<void> {
    const bytes = this.#files.get(from);
    if (bytes === undefined) throw new DiskError('missing', { operation: 'rename', path: from });
    this.#files.delete(from);
    this.#files.set(to, bytes);
  }

  async removeFile(path: string): Promise<void> {
    if (!this.#files.delete(path)) throw new DiskError('missing', { operation: 'remove', path });
  }

  async makeFolder(): Promise<void> {}

  async removeFolder(): Promise<void> {}

  async syncFolder(): Promise<void> {}

  async lockFolder(): Promise<() => Promise<void>> {
    return async () => {};
  }
}

/** With the bytes at a position, and zeros where nothing was. */
function overwritten(bytes: Uint8Array, position: number, written: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(bytes.length, position + written.length));
  whole.set(bytes);
  whole.set(written, position);
  return whole;
}
