/**
 * A small file that remembers how far a replica has promised, so that a lost end of its log is noticed.
 *
 * Two slots of one sector each, written in turn: a torn write spoils the one that is written and leaves the other.
 * The log is made durable before the mark, so when one slot is spoiled, by a torn write or by bit rot, a log that
 * reaches one beyond the good slot has certainly everything.
 */
import { crc32c } from '../../../src/record/crc32c.ts';
import type { Disk, DiskFile } from '../../../src/ports/disk.ts';

const slotPositions = [0, 512] as const;
const slotBytes = 8;

type Slots = [number | undefined, number | undefined];

export class DurableMark {
  readonly #file: DiskFile;
  readonly #slots: Slots;

  private constructor(file: DiskFile, slots: Slots) {
    this.#file = file;
    this.#slots = slots;
  }

  /** A replica without a mark has never promised anything. */
  static async open(disk: Disk, folder: string): Promise<DurableMark> {
    const path = `${folder}/mark`;
    if (!(await disk.list(folder)).includes('mark')) {
      const fresh = await disk.openFile(`${path}.new`, 'create-or-existing');
      await fresh.truncate(0);
      for (const position of slotPositions) await fresh.write(position, [encodeSlot(0)]);
      await fresh.sync();
      await fresh.close();
      await disk.rename(`${path}.new`, path);
      await disk.syncFolder(folder);
    }
    const file = await disk.openFile(path, 'existing');
    const slots: Slots = [undefined, undefined];
    for (const [at, position] of slotPositions.entries()) slots[at] = decodeSlot(await file.read(position, slotBytes));
    return new DurableMark(file, slots);
  }

  /** The log must reach at least this far; undefined when the mark itself is beyond use. */
  get required(): number | undefined {
    const [first, second] = this.#slots;
    if (first !== undefined && second !== undefined) return Math.max(first, second);
    const good = first ?? second;
    return good === undefined ? undefined : good + 1;
  }

  async raise(sequence: number): Promise<void> {
    const at = this.#spoiledOrOlder();
    await this.#file.write(slotPositions[at], [encodeSlot(sequence)]);
    await this.#file.sync();
    this.#slots[at] = sequence;
  }

  #spoiledOrOlder(): 0 | 1 {
    const [first, second] = this.#slots;
    if (first === undefined) return 0;
    return second === undefined || second < first ? 1 : 0;
  }
}

function encodeSlot(sequence: number): Uint8Array {
  const bytes = new Uint8Array(slotBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sequence);
  view.setUint32(4, crc32c(bytes.subarray(0, 4)));
  return bytes;
}

function decodeSlot(bytes: Uint8Array): number | undefined {
  if (bytes.length < slotBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, slotBytes);
  return view.getUint32(4) === crc32c(bytes.subarray(0, 4)) ? view.getUint32(0) : undefined;
}
