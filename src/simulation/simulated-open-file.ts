/**
 * An open file of a simulated disk, as the process that opened it has it.
 */
import { assert } from '../base/assert.ts';
import { DiskError, type DiskFile } from '../ports/disk.ts';
import type { SimulatedDiskFile } from './simulated-disk-file.ts';
import type { DiskInside, DiskOperation, SimulatedDiskHandle } from './simulated-disk-handle.ts';

export interface OpenFileOptions {
  readonly path: string;
  readonly stored: SimulatedDiskFile;
  readonly inside: DiskInside;
  readonly handle: SimulatedDiskHandle;
}

export class SimulatedOpenFile implements DiskFile {
  readonly path: string;
  readonly #stored: SimulatedDiskFile;
  readonly #inside: DiskInside;
  readonly #handle: SimulatedDiskHandle;
  #isOpen = true;

  constructor({ path, stored, inside, handle }: OpenFileOptions) {
    this.path = path;
    this.#stored = stored;
    this.#inside = inside;
    this.#handle = handle;
  }

  sizeBytes(): Promise<number> {
    return this.#perform({ kind: 'folder', name: 'size', work: () => this.#stored.sizeBytes });
  }

  write(position: number, ownedParts: readonly Uint8Array[]): Promise<void> {
    assertPosition(position, this.path);
    const { device } = this.#inside;
    const writeSome = (): void => {
      const bytes = joined(ownedParts);
      const length = device.random.integerBelow(bytes.length + 1);
      this.#stored.write(position, bytes.subarray(0, length));
    };
    return this.#perform({
      kind: 'write',
      name: 'write',
      work: () => {
        const bytes = joined(ownedParts);
        const fits = this.#bytesThatFit(position, bytes.length);
        this.#stored.write(position, bytes.subarray(0, fits));
        if (fits < bytes.length) this.#throwFull('write');
      },
      onFailure: () => {
        if (!device.chance(0.5)) return;
        device.onFault('disk write failed after a part');
        writeSome();
      },
      cutShort: () => {
        if (!device.chance(0.5)) return;
        device.onFault('disk write cut short by a crash');
        writeSome();
      },
    });
  }

  read(position: number, length: number): Promise<Uint8Array> {
    assertPosition(position, this.path);
    assertPosition(length, this.path);
    return this.#perform({
      kind: 'read',
      name: 'read',
      work: () => {
        this.#rotSome(position, length);
        return this.#stored.read(position, length);
      },
    });
  }

  sync(): Promise<void> {
    const stored = this.#stored;
    const mark = stored.syncMark();
    return this.#perform({
      kind: 'sync',
      name: 'sync',
      work: () => stored.synced(mark),
      onFailure: () => stored.syncFailed(mark, this.#inside.device, this.#inside.knobs()),
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    assertPosition(sizeBytes, this.path);
    return this.#perform({
      kind: 'write',
      name: 'truncate',
      work: () => {
        if (this.#bytesThatFit(0, sizeBytes) < sizeBytes) this.#throwFull('truncate');
        this.#stored.truncate(sizeBytes);
      },
    });
  }

  close(): Promise<void> {
    const closed = this.#perform({ kind: 'folder', name: 'close', work: () => undefined });
    this.#isOpen = false;
    return closed;
  }

  #perform<Value>(operation: Omit<DiskOperation<Value>, 'path'>): Promise<Value> {
    if (this.#isOpen) return this.#handle.perform({ ...operation, path: this.path });
    return Promise.reject(new DiskError('closed', { operation: operation.name, path: this.path }));
  }

  #bytesThatFit(position: number, length: number): number {
    const growth = position + length - this.#stored.sizeBytes;
    const { capacityBytes } = this.#inside.knobs();
    if (growth <= 0 || capacityBytes === Infinity) return length;
    const missing = growth - Math.max(0, capacityBytes - this.#inside.usedBytes());
    return Math.max(0, length - Math.max(0, missing));
  }

  #throwFull(operation: string): never {
    this.#inside.device.onFault('disk full');
    throw new DiskError('full', { operation, path: this.path });
  }

  #rotSome(position: number, length: number): void {
    const { device, knobs } = this.#inside;
    const below = Math.min(position + length, this.#stored.durableSizeBytes);
    if (below <= position || !device.chance(knobs().readRots)) return;
    this.#stored.flipBit(position + device.random.integerBelow(below - position), device.random.integerBelow(8));
    device.onFault('disk bit flipped');
  }
}

function assertPosition(value: number, path: string): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a place in a file is a whole number from 0 to 2^53-1', () => ({
    value,
    path,
  }));
}

/** A copy: what the caller does to its bytes after the write has settled is its own affair. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
