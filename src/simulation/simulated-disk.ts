/**
 * The disk of one simulated machine. It outlives the processes on it and does to them what disks do.
 *
 * A process reaches it through `incarnation`, one per life. A killed process loses nothing that was written; a power
 * cut keeps what was synced and, of the rest, what chance leaves of it. Faults come by chance (`knobs`, which a plan
 * may replace at any time) and on demand (the methods). Same random numbers, same calls: same bytes.
 * Read next: simulated-disk-knobs.ts, then simulated-disk-handle.ts.
 */
import { assert } from '../base/assert.ts';
import type { Disk } from '../ports/disk.ts';
import { SimulatedDevice, type DeviceOptions } from './simulated-device.ts';
import { SimulatedDiskHandle, type DiskInside } from './simulated-disk-handle.ts';
import { calmDisk, type DiskFault, type DiskKnobs, type DiskOperationKind } from './simulated-disk-knobs.ts';
import { SimulatedDiskTree } from './simulated-disk-tree.ts';
import { soleUser, type StorageUser } from './storage-life.ts';

export interface SimulatedDiskOptions extends DeviceOptions<DiskFault> {
  readonly knobs?: DiskKnobs;
}

/** What one life of a process has of the disk. */
export interface DiskIncarnation {
  readonly disk: Disk;
  /** The process is dead: whatever it asked or will ask neither happens nor settles. */
  kill(): void;
}

const failureOf = {
  read: 'disk read failed',
  write: 'disk write failed',
  sync: 'disk sync failed',
  folder: 'disk folder operation failed',
} as const satisfies Record<DiskOperationKind, DiskFault>;

export class SimulatedDisk {
  knobs: DiskKnobs;
  readonly #device: SimulatedDevice<DiskFault>;
  #inside: DiskInside;
  #handles: SimulatedDiskHandle[] = [];
  #failNext: { readonly kind: DiskOperationKind; readonly concerns: (path: string) => boolean }[] = [];

  constructor({ knobs = calmDisk, ...device }: SimulatedDiskOptions) {
    this.knobs = knobs;
    this.#device = new SimulatedDevice(device);
    this.#inside = this.#emptyDisk();
  }

  incarnation(user: StorageUser = soleUser): DiskIncarnation {
    const handle = new SimulatedDiskHandle(this.#inside, user);
    this.#handles = [...this.#handles.filter(({ isAlive }) => isAlive), handle];
    return { disk: handle, kill: () => handle.kill() };
  }

  /** Kills every incarnation and forgets what was not synced, except what chance keeps. */
  powerCut(): void {
    this.#killAll();
    this.#inside.tree.powerCut(this.#device, this.knobs.powerCut);
  }

  /** A new, empty disk in place of the old one. Kills every incarnation. */
  replace(): void {
    this.#killAll();
    this.#inside = this.#emptyDisk();
  }

  /** Nothing completes until the time is over. */
  stickFor(durationMs: number): void {
    this.#device.onFault('disk stuck');
    this.#device.stickFor(durationMs);
  }

  unstick(): void {
    this.#device.unstick();
  }

  /** The next operation of that kind on a path that fits fails with `io`; a sync may then drop what it covered. */
  failNext(kind: DiskOperationKind, concerns: (path: string) => boolean = () => true): void {
    this.#failNext.push({ kind, concerns });
  }

  /** Takes back what `failNext` asked for and has not come yet. */
  forgetFailures(): void {
    this.#failNext = [];
  }

  /** Flips bits in what is stored in files whose path fits; returns where, fewer than asked when nothing is stored. */
  flipBits(count: number, concerns: (path: string) => boolean = () => true): readonly FlippedBit[] {
    const candidates = [...this.#inside.tree.files()].filter(
      ({ path, file }) => file.durableSizeBytes > 0 && concerns(path),
    );
    const { random } = this.#device;
    if (candidates.length === 0) return [];
    return Array.from({ length: count }, () => {
      const chosen = candidates[random.integerBelow(candidates.length)];
      assert(chosen !== undefined, 'chance picks one of the candidates');
      const position = random.integerBelow(chosen.file.durableSizeBytes);
      chosen.file.flipBit(position, random.integerBelow(8));
      this.#device.onFault('disk bit flipped');
      return { path: chosen.path, position };
    });
  }

  #emptyDisk(): DiskInside {
    const tree = new SimulatedDiskTree();
    return {
      device: this.#device,
      tree,
      locked: new Map(),
      knobs: () => this.knobs,
      mustFail: (kind, path) => this.#mustFail(kind, path),
      usedBytes: () => {
        let bytes = 0;
        for (const { file } of tree.files()) bytes += file.sizeBytes;
        return bytes;
      },
    };
  }

  #mustFail(kind: DiskOperationKind, path: string): boolean {
    const { fails, sticks, sticksMsMax } = this.knobs;
    if (this.#device.chance(sticks)) this.stickFor(this.#device.random.integerBelow(sticksMsMax) + 1);
    const asked = this.#failNext.findIndex((failure) => failure.kind === kind && failure.concerns(path));
    if (asked >= 0) this.#failNext.splice(asked, 1);
    else if (!this.#device.chance(fails[kind])) return false;
    this.#device.onFault(failureOf[kind]);
    return true;
  }

  #killAll(): void {
    for (const handle of this.#handles) handle.kill();
    this.#handles = [];
  }
}

export interface FlippedBit {
  readonly path: string;
  readonly position: number;
}
