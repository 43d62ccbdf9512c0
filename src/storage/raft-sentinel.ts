/**
 * The second witness: two small files beside the key-value store that hold the last two batches once more.
 *
 *   0         4       8          12           130         134
 *   +---------+-------+----------+------------+-----------+--------------------------------
 *   | crc32c  | magic | redo     | state      | records   | per record: length 4, record
 *   | 4       | 4     | 4        | 118        | bytes 4   |
 *   +---------+-------+----------+------------+-----------+--------------------------------
 *
 * The store below may drop the tail of its log, or a batch in its middle, and say nothing. So each batch is
 * written twice, *at the same time*: to the store, and to the slot that the batch before the last one used; it
 * counts when both are synced. Because a slot carries the whole batch (`redo` 1) it never claims what it cannot
 * prove: whichever of the two writes a power cut lets through, the other is completed from it at the next start.
 * A batch too large for that is written first to the store and then, without its records (`redo` 0), to the slot.
 * What the two witnesses say together is judged in raft-recovery.ts.
 */
import { assert } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { DiskError, type Disk, type DiskFile } from '../ports/disk.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';
import { decodeEntryRecord } from './raft-entry-record.ts';
import type { PlacedRecord } from './raft-keys.ts';
import { decodeState, stateRecordBytes, type EncodedState } from './raft-state-record.ts';

/** What one slot says. */
export interface SlotContent {
  readonly state: EncodedState;
  /** The entries that this batch wrote; undefined when the batch was too large to be carried. */
  readonly redo: readonly PlacedRecord[] | undefined;
}

export type SlotReading =
  | { readonly type: 'whole'; readonly content: SlotContent }
  /** Damaged, or being written when the power went. */
  | { readonly type: 'unreadable'; readonly why: string }
  | { readonly type: 'missing' };

export type SlotReadings = readonly [SlotReading, SlotReading];

/** Larger batches are written one after the other instead of twice at once. */
export const redoBytesMax = 1024 * 1024;

const magic = 0x4f_44_52_53; // "ODRS"
const headBytes = 12 + stateRecordBytes + 4;
const checksummedFrom = 4;
/** Reserved at once, so that the usual write changes no file size and its sync no metadata; a larger one grows it once. */
const reservedBytes = 4096;
const slotBytesMax = headBytes + redoBytesMax;

export function encodeSlot({ state, redo }: SlotContent): Uint8Array {
  const records = redo ?? [];
  const recordsBytes = records.reduce((total, { record }) => total + 4 + record.length, 0);
  assert(recordsBytes <= redoBytesMax, 'a slot carries a bounded batch', { recordsBytes });
  const writer = new ByteWriter(headBytes + recordsBytes)
    .uint32(0)
    .uint32(magic)
    .uint32(redo === undefined ? 0 : 1)
    .raw(state.bytes)
    .uint32(recordsBytes);
  for (const { record } of records) writer.uint32(record.length).raw(record);
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(0, crc32c(bytes.subarray(checksummedFrom)));
  return bytes;
}

/** Bytes after the batch are left from a longer one before it, and mean nothing. */
export function decodeSlot(ownedBytes: Uint8Array): Result<SlotContent, string> {
  if (ownedBytes.length < headBytes) return refused('a sentinel slot is shorter than its header');
  const reader = new ByteReader(ownedBytes);
  const checksum = reader.uint32();
  if (reader.uint32() !== magic) return refused('a sentinel slot does not begin as one');
  const carriesRedo = reader.uint32() === 1;
  const stateBytes = reader.raw(stateRecordBytes);
  const recordsBytes = reader.uint32();
  if (recordsBytes > reader.remaining) return refused('a sentinel slot is cut short');
  if (checksum !== crc32c(ownedBytes.subarray(checksummedFrom, headBytes + recordsBytes)))
    return refused('the checksum of a sentinel slot does not match its bytes');
  const state = decodeState(stateBytes);
  if (!state.ok) return state;
  const records: PlacedRecord[] = [];
  for (let at = 0; at < recordsBytes;) {
    const record = reader.raw(reader.uint32());
    const entry = decodeEntryRecord(record);
    if (!entry.ok) return entry;
    records.push({ index: entry.value.index, record });
    at += 4 + record.length;
  }
  return ok({ state: state.value, redo: carriesRedo ? records : undefined });
}

function slotPath(folder: string, slot: number): string {
  return `${folder}/sentinel-${slot}`;
}

/** Changes nothing on the disk. */
export async function readSlots(disk: Disk, folder: string): Promise<SlotReadings> {
  return [await readSlot(disk, slotPath(folder, 0)), await readSlot(disk, slotPath(folder, 1))];
}

async function readSlot(disk: Disk, path: string): Promise<SlotReading> {
  let file: DiskFile;
  try {
    file = await disk.openFile(path, 'existing');
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'missing') return { type: 'missing' };
    throw cause;
  }
  try {
    const content = decodeSlot(await file.read(0, slotBytesMax));
    return content.ok ? { type: 'whole', content: content.value } : { type: 'unreadable', why: content.problem };
  } finally {
    await file.close();
  }
}

export class RaftSentinel {
  readonly #slots: readonly [DiskFile, DiskFile];

  private constructor(slots: readonly [DiskFile, DiskFile]) {
    this.#slots = slots;
  }

  /** Opens both slots, making and reserving those that are not there. The folder is synced by the caller. */
  static async open(disk: Disk, folder: string): Promise<RaftSentinel> {
    return new RaftSentinel([await openSlot(disk, slotPath(folder, 0)), await openSlot(disk, slotPath(folder, 1))]);
  }

  /** When it resolves, the content survives a power cut. One write at a time. */
  async write(content: SlotContent): Promise<void> {
    const file = this.#slots[content.state.state.sequence % 2 === 0 ? 0 : 1];
    await file.write(0, [encodeSlot(content)]);
    await file.sync();
  }

  async close(): Promise<void> {
    await this.#slots[0].close();
    await this.#slots[1].close();
  }
}

async function openSlot(disk: Disk, path: string): Promise<DiskFile> {
  const file = await disk.openFile(path, 'create-or-existing');
  // Written, not only extended: a hole would still change the file's layout at the first write into it.
  if ((await file.sizeBytes()) === 0) await file.write(0, [new Uint8Array(reservedBytes)]);
  return file;
}
