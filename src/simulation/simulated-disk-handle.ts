/**
 * The disk as one incarnation of a process has it: the port, in front of the bytes that outlive the process.
 *
 * Read next: storage-life.ts for what a kill does, simulated-disk-file.ts and simulated-disk-tree.ts.
 */
import { DiskError, type Disk, type DiskFile } from '../ports/disk.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import type { DiskFault, DiskKnobs, DiskOperationKind } from './simulated-disk-knobs.ts';
import type { SimulatedDiskFolder, SimulatedDiskTree } from './simulated-disk-tree.ts';
import { SimulatedOpenFile } from './simulated-open-file.ts';
import { StorageLife, type StorageUser } from './storage-life.ts';

/** What the handles of one disk share with it. */
export interface DiskInside {
  readonly device: SimulatedDevice<DiskFault>;
  readonly tree: SimulatedDiskTree;
  readonly locked: Map<SimulatedDiskFolder, SimulatedDiskHandle>;
  readonly knobs: () => DiskKnobs;
  /** Asks the plan, then chance, whether this operation fails. */
  readonly mustFail: (kind: DiskOperationKind, path: string) => boolean;
  readonly usedBytes: () => number;
}

export interface DiskOperation<Value> {
  readonly kind: DiskOperationKind;
  readonly name: string;
  readonly path: string;
  /** What it does when it completes. */
  readonly work: () => Value;
  /** What it does when it fails instead, besides rejecting. */
  readonly onFailure?: () => void;
  /** When the process is killed before completion. */
  readonly cutShort?: (() => void) | undefined;
}

export class SimulatedDiskHandle implements Disk {
  readonly #inside: DiskInside;
  readonly #life: StorageLife<DiskFault>;

  constructor(inside: DiskInside, user: StorageUser) {
    this.#inside = inside;
    this.#life = new StorageLife(inside.device, user);
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  /** From now on nothing that was or will be asked here happens, or settles. */
  kill(): void {
    if (!this.isAlive) return;
    this.#life.end();
    for (const [folder, holder] of this.#inside.locked) if (holder === this) this.#inside.locked.delete(folder);
  }

  openFile(path: string, mode: 'create' | 'existing' | 'create-or-existing'): Promise<DiskFile> {
    return this.#perform('folder', 'open', path, () => {
      const { tree } = this.#inside;
      const found = tree.find(path);
      if (found !== undefined && mode === 'create') throw new DiskError('exists', { operation: 'create', path });
      if (found?.kind === 'folder') throw new DiskError('io', { operation: 'open', path });
      if (found === undefined && mode === 'existing') throw new DiskError('missing', { operation: 'open', path });
      const stored = found ?? tree.createFile(path);
      return new SimulatedOpenFile({ path, stored, inside: this.#inside, handle: this });
    });
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#perform('folder', 'list', folder, () =>
      [...this.#inside.tree.folder(folder, 'list').entries.keys()].sort(),
    );
  }

  makeFolder(folder: string): Promise<void> {
    return this.#perform('folder', 'make folder', folder, () => this.#inside.tree.makeFolder(folder));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#perform('folder', 'rename', from, () => this.#inside.tree.rename(from, to));
  }

  removeFile(path: string): Promise<void> {
    return this.#perform('folder', 'remove', path, () => this.#inside.tree.remove(path, 'file'));
  }

  removeFolder(folder: string): Promise<void> {
    return this.#perform('folder', 'remove', folder, () => this.#inside.tree.remove(folder, 'folder'));
  }

  syncFolder(folder: string): Promise<void> {
    const { tree } = this.#inside;
    const mark = tree.syncMark();
    return this.#perform('sync', 'sync folder', folder, () =>
      tree.folderSynced(tree.folder(folder, 'sync folder'), mark),
    );
  }

  lockFolder(folder: string): Promise<() => Promise<void>> {
    return this.#perform('folder', 'lock', folder, () => {
      const { tree, locked } = this.#inside;
      const claimed = tree.folder(folder, 'lock');
      if (locked.has(claimed)) throw new DiskError('locked', { operation: 'lock', path: folder });
      locked.set(claimed, this);
      let isHeld = true;
      return () =>
        this.#perform('folder', 'unlock', folder, () => {
          if (isHeld) locked.delete(claimed);
          isHeld = false;
        });
    });
  }

  #perform<Value>(kind: DiskOperationKind, name: string, path: string, work: () => Value): Promise<Value> {
    return this.perform({ kind, name, path, work });
  }

  perform<Value>({ kind, name, path, work, onFailure, cutShort }: DiskOperation<Value>): Promise<Value> {
    const { knobs, mustFail } = this.#inside;
    return this.#life.perform({
      name: `${name} on the disk`,
      latency: knobs().latency[kind],
      work: () => {
        if (!mustFail(kind, path)) return work();
        onFailure?.();
        throw new DiskError('io', { operation: name, path });
      },
      cutShort,
    });
  }
}
