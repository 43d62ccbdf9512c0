/**
 * One file of a simulated disk: what reads show, what a power cut would leave, and the changes in between.
 *
 * The names that lead to it are simulated-disk-tree.ts's; an open file without a name lives on, as on Unix.
 */
import { assert } from '../base/assert.ts';
import { GrowableBytes } from './growable-bytes.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import type { DiskFault, DiskKnobs, PowerCutChances } from './simulated-disk-knobs.ts';

/** What a disk writes whole or not at all. */
const sectorBytes = 512;

type Change =
  | { readonly type: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly sizeBytes: number };

export class SimulatedDiskFile {
  readonly kind = 'file';
  /** With the page cache: what every read shows while the machine is up. */
  readonly #seen = new GrowableBytes();
  readonly #durable = new GrowableBytes();
  /** In order; seen already, durable not yet. */
  #unsynced: { readonly sequence: number; readonly change: Change }[] = [];
  #sequence = 0;

  get sizeBytes(): number {
    return this.#seen.length;
  }

  get durableSizeBytes(): number {
    return this.#durable.length;
  }

  read(position: number, length: number): Uint8Array {
    return this.#seen.ownedCopy(position, position + length);
  }

  write(position: number, ownedBytes: Uint8Array): void {
    this.#change({ type: 'write', position, bytes: ownedBytes });
  }

  truncate(sizeBytes: number): void {
    this.#change({ type: 'truncate', sizeBytes });
  }

  /** A sync that starts now covers the changes up to this mark, and no later ones. */
  syncMark(): number {
    return this.#sequence;
  }

  synced(mark: number): void {
    for (const change of this.#takeUpTo(mark)) apply(this.#durable, change);
    assert(
      this.#unsynced.every(({ sequence }) => sequence > mark),
      'a sync leaves nothing that it covered',
      { mark },
    );
  }

  /** The kernel forgets that the pages were dirty: what did not reach the disk never will, and reads do not tell. */
  syncFailed(mark: number, device: SimulatedDevice<DiskFault>, { failedSyncDrops }: DiskKnobs): void {
    for (const change of this.#takeUpTo(mark)) {
      if (device.chance(failedSyncDrops)) device.onFault('disk sync failed and dropped a change');
      else apply(this.#durable, change);
    }
  }

  powerCut(device: SimulatedDevice<DiskFault>, chances: PowerCutChances): void {
    for (const change of this.#takeUpTo(this.#sequence)) {
      if (device.chance(chances.changeSurvives)) apply(this.#durable, change);
      else if (change.type === 'write' && device.chance(chances.writeTears)) {
        device.onFault('power cut tore a write');
        tear(this.#durable, change, device);
      } else device.onFault('power cut lost a change');
    }
    this.#seen.truncate(0);
    this.#seen.write(0, this.#durable.borrowedView());
    assert(this.#seen.length === this.#durable.length, 'after a power cut reads show what the disk has');
  }

  /** In what is stored, and so in what is read unless a newer write covers it in the page cache. */
  flipBit(position: number, bit: number): void {
    const isClean = this.#seen.borrowedView()[position] === this.#durable.borrowedView()[position];
    this.#durable.flipBit(position, bit);
    if (isClean) this.#seen.flipBit(position, bit);
  }

  #change(change: Change): void {
    this.#sequence += 1;
    this.#unsynced.push({ sequence: this.#sequence, change });
    apply(this.#seen, change);
  }

  #takeUpTo(mark: number): readonly Change[] {
    const covered = this.#unsynced.filter(({ sequence }) => sequence <= mark);
    this.#unsynced = this.#unsynced.slice(covered.length);
    return covered.map(({ change }) => change);
  }
}

function apply(bytes: GrowableBytes, change: Change): void {
  if (change.type === 'write') bytes.write(change.position, change.bytes);
  else bytes.truncate(change.sizeBytes);
}

/**
 * Sector by sector: a prefix, or some here and there; what is missing stays as it was, or is garbage. The new size
 * may have reached the disk without the bytes, which leaves a tail of zeros.
 */
function tear(
  durable: GrowableBytes,
  { position, bytes }: Change & { readonly type: 'write' },
  device: SimulatedDevice<DiskFault>,
): void {
  const sectors = sectorsOf(position, bytes.length);
  const keptFirst = device.chance(0.5) ? device.random.integerBelow(sectors.length + 1) : undefined;
  const leavesGarbage = device.chance(0.3);
  for (const [index, { from, below }] of sectors.entries()) {
    const isKept = keptFirst === undefined ? device.chance(0.5) : index < keptFirst;
    if (isKept) durable.write(position + from, bytes.subarray(from, below));
    else if (leavesGarbage) durable.write(position + from, device.random.bytes(below - from));
  }
  const end = position + bytes.length;
  if (durable.length < end && device.chance(0.3)) durable.truncate(end);
}

/** The pieces of a write that lie in one sector each, as places within the write. */
function sectorsOf(position: number, length: number): { readonly from: number; readonly below: number }[] {
  const pieces = [];
  for (let from = 0; from < length;) {
    const below = Math.min(length, from + sectorBytes - ((position + from) % sectorBytes));
    pieces.push({ from, below });
    from = below;
  }
  return pieces;
}
