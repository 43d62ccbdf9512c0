/**
 * A disk in front of another one, to plant bugs in: each bug overrides the one method that it breaks.
 */
import type { Disk, DiskFile } from '../../src/ports/disk.ts';

export class ForwardingDisk implements Disk {
  readonly below: Disk;

  constructor(below: Disk) {
    this.below = below;
  }

  async openFile(path: string, mode: 'create' | 'existing' | 'create-or-existing'): Promise<DiskFile> {
    return this.wrap(await this.below.openFile(path, mode));
  }

  wrap(file: DiskFile): DiskFile {
    return file;
  }

  list(folder: string): Promise<readonly string[]> {
    return this.below.list(folder);
  }

  makeFolder(folder: string): Promise<void> {
    return this.below.makeFolder(folder);
  }

  rename(from: string, to: string): Promise<void> {
    return this.below.rename(from, to);
  }

  removeFile(path: string): Promise<void> {
    return this.below.removeFile(path);
  }

  removeFolder(folder: string): Promise<void> {
    return this.below.removeFolder(folder);
  }

  syncFolder(folder: string): Promise<void> {
    return this.below.syncFolder(folder);
  }

  lockFolder(folder: string): Promise<() => Promise<void>> {
    return this.below.lockFolder(folder);
  }
}

export class ForwardingFile implements DiskFile {
  readonly below: DiskFile;

  constructor(below: DiskFile) {
    this.below = below;
  }

  get path(): string {
    return this.below.path;
  }

  sizeBytes(): Promise<number> {
    return this.below.sizeBytes();
  }

  write(position: number, ownedParts: readonly Uint8Array[]): Promise<void> {
    return this.below.write(position, ownedParts);
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.below.read(position, length);
  }

  sync(): Promise<void> {
    return this.below.sync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.below.truncate(sizeBytes);
  }

  close(): Promise<void> {
    return this.below.close();
  }
}
