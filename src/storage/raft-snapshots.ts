/**
 * The snapshots of one raft store: which are held, how they are read, and how a new one comes in.
 *
 * The state record points at one; the one before it is kept while the process lives, because a slow follower may
 * be half way through it. Content is checked whole when the store opens and chunk by chunk whenever it is read: a
 * damaged snapshot is never used and never sent.
 */
import { assert } from '../base/assert.ts';
import type { LogIndex } from '../base/raft-position.ts';
import { ok, type Result } from '../base/result.ts';
import { DiskError, type Disk, type DiskFile } from '../ports/disk.ts';
import { crc32c } from '../record/crc32c.ts';
import { RaftDamageError, refusedAsDamaged, type RaftDamage } from './raft-damage.ts';
import {
  chunkBytes,
  chunkCount,
  chunkSpan,
  decodeChunk,
  decodeHeader,
  headerBytesMax,
  snapshotFileName,
  type SnapshotHeader,
} from './raft-snapshot-format.ts';
import { SnapshotWriter } from './raft-snapshot-writer.ts';
import type { LogPlace, SnapshotPointer } from './raft-state-record.ts';

export interface SnapshotDescription extends SnapshotHeader {
  readonly pointer: SnapshotPointer;
}

export interface ReceivedChunk extends SnapshotHeader {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export interface WantedChunk {
  /** Undefined: the newest. */
  readonly snapshotIndex: LogIndex | undefined;
  readonly offset: number;
  readonly bytesMax: number;
}

export interface SnapshotChunk extends SnapshotHeader {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export class RaftSnapshots {
  readonly #disk: Disk;
  readonly #folder: string;
  #newest: SnapshotDescription | undefined;
  #previous: SnapshotDescription | undefined;
  #local: SnapshotWriter | undefined;
  #incoming: SnapshotWriter | undefined;
  #received: SnapshotDescription | undefined;

  private constructor(disk: Disk, folder: string, newest: SnapshotDescription | undefined) {
    this.#disk = disk;
    this.#folder = folder;
    this.#newest = newest;
  }

  /** Reads the whole snapshot that `pointer` names, and removes what nothing points at. */
  static async open(
    disk: Disk,
    folder: string,
    pointer: SnapshotPointer | undefined,
  ): Promise<Result<RaftSnapshots, RaftDamage>> {
    const names = await listed(disk, folder);
    const wanted = pointer === undefined ? undefined : snapshotFileName(pointer);
    if (wanted !== undefined && !names.includes(wanted))
      return refusedAsDamaged('the snapshot is missing', { file: wanted });
    const newest = pointer === undefined ? ok(undefined) : await checkWhole(disk, folder, pointer);
    if (!newest.ok) return newest;
    for (const name of names) if (name !== wanted) await disk.removeFile(`${folder}/${name}`);
    return ok(new RaftSnapshots(disk, folder, newest.value));
  }

  get newest(): SnapshotDescription | undefined {
    return this.#newest;
  }

  async beginLocal(place: LogPlace, context: Uint8Array): Promise<SnapshotWriter> {
    await this.#local?.abandon();
    this.#local = await SnapshotWriter.begin({
      disk: this.#disk,
      folder: this.#folder,
      name: 'local',
      header: { place, context },
    });
    return this.#local;
  }

  async finishLocal(writer: SnapshotWriter): Promise<SnapshotDescription> {
    assert(writer === this.#local, 'only the snapshot that was begun last is finished');
    this.#local = undefined;
    return { ...writer.header, pointer: await writer.finish() };
  }

  async receive({ place, context, offset, bytes, isLast }: ReceivedChunk): Promise<{ readonly nextOffset: number }> {
    if (offset === 0) {
      await this.#dropIncoming();
      const header = { place, context: Uint8Array.from(context) };
      this.#incoming = await SnapshotWriter.begin({ disk: this.#disk, folder: this.#folder, name: 'incoming', header });
    }
    const incoming = this.#incoming;
    if (incoming === undefined || !isSamePlace(incoming.header.place, place)) return { nextOffset: 0 };
    if (offset !== incoming.sizeBytes) return { nextOffset: incoming.sizeBytes };
    await incoming.append(bytes);
    const nextOffset = incoming.sizeBytes;
    if (isLast) {
      this.#incoming = undefined;
      this.#received = { ...incoming.header, pointer: await incoming.finish() };
    }
    return { nextOffset };
  }

  /** The snapshot that came in whole. Asking for one that did not is a bug of the caller. */
  takeReceived(index: LogIndex): SnapshotDescription {
    const received = this.#received;
    assert(received?.place.index === index, 'a snapshot is installed after its last chunk', { index });
    this.#received = undefined;
    return received;
  }

  /** The state record names it, durably. */
  async pointAt(newest: SnapshotDescription): Promise<void> {
    assert(
      this.#newest === undefined || newest.place.index >= this.#newest.place.index,
      'the newest snapshot never goes back',
      { newest: newest.place.index },
    );
    const dropped = this.#previous;
    this.#previous = this.#newest;
    this.#newest = newest;
    if (dropped !== undefined) await this.remove(dropped);
  }

  async remove({ pointer }: SnapshotDescription): Promise<void> {
    const name = snapshotFileName(pointer);
    const held = [this.#newest, this.#previous].filter((kept) => kept !== undefined);
    // The same content may have come in twice; what is still held stays.
    if (held.some((kept) => snapshotFileName(kept.pointer) === name)) return;
    await this.#disk.removeFile(`${this.#folder}/${name}`);
  }

  async read({ snapshotIndex, offset, bytesMax }: WantedChunk): Promise<SnapshotChunk | undefined> {
    const held =
      snapshotIndex === undefined
        ? this.#newest
        : [this.#newest, this.#previous].find((kept) => kept?.place.index === snapshotIndex);
    assert(bytesMax > 0, 'a read of a snapshot makes progress', { bytesMax });
    if (held === undefined || offset > held.pointer.sizeBytes) return undefined;
    const { place, context, pointer } = held;
    const number = Math.floor(offset / chunkBytes);
    const path = `${this.#folder}/${snapshotFileName(pointer)}`;
    const content =
      number < chunkCount(pointer.sizeBytes) ? await this.#readChunk(path, held, number) : new Uint8Array();
    const start = offset - number * chunkBytes;
    const bytes = content.subarray(start, start + bytesMax);
    return { place, context, offset, bytes, isLast: offset + bytes.length === pointer.sizeBytes };
  }

  /** Unfinished ones stay as they are: the next start removes them. */
  async close(): Promise<void> {
    await this.#local?.abandon();
    await this.#incoming?.abandon();
  }

  async #readChunk(path: string, held: SnapshotDescription, number: number): Promise<Uint8Array> {
    const file = await this.#disk.openFile(path, 'existing');
    try {
      const content = await readChunk(file, held, number);
      if (!content.ok) throw new RaftDamageError(content.problem);
      return content.value;
    } finally {
      await file.close();
    }
  }

  async #dropIncoming(): Promise<void> {
    await this.#incoming?.abandon();
    this.#incoming = undefined;
    const received = this.#received;
    this.#received = undefined;
    if (received !== undefined) await this.remove(received);
  }
}

/** Where there never was a snapshot, its folder carries nothing and is made again. */
async function listed(disk: Disk, folder: string): Promise<readonly string[]> {
  try {
    return await disk.list(folder);
  } catch (cause) {
    if (!(cause instanceof DiskError) || cause.problem !== 'missing') throw cause;
    await disk.makeFolder(folder);
    return [];
  }
}

async function checkWhole(
  disk: Disk,
  folder: string,
  pointer: SnapshotPointer,
): Promise<Result<SnapshotDescription, RaftDamage>> {
  const file = await disk.openFile(`${folder}/${snapshotFileName(pointer)}`, 'existing');
  try {
    const header = decodeHeader(await file.read(0, headerBytesMax));
    if (!header.ok) return refusedAsDamaged(header.problem);
    const described = { ...header.value, pointer };
    if (!isSamePlace(described.place, pointer.place))
      return refusedAsDamaged('the snapshot covers another part of the log', { index: pointer.place.index });
    let contentCrc = 0;
    for (let number = 0; number < chunkCount(pointer.sizeBytes); number += 1) {
      const content = await readChunk(file, described, number);
      if (!content.ok) return content;
      contentCrc = crc32c(content.value, contentCrc);
    }
    return contentCrc === pointer.contentCrc
      ? ok({ ...described, context: Uint8Array.from(described.context) })
      : refusedAsDamaged('the checksum of the snapshot does not match its content', { index: pointer.place.index });
  } finally {
    await file.close();
  }
}

async function readChunk(
  file: DiskFile,
  held: SnapshotDescription,
  number: number,
): Promise<Result<Uint8Array, RaftDamage>> {
  const { position, length } = chunkSpan(held, { number, sizeBytes: held.pointer.sizeBytes });
  const content = decodeChunk(await file.read(position, length), number);
  return content.ok ? content : refusedAsDamaged(content.problem, { index: held.place.index, chunk: number });
}

function isSamePlace(one: LogPlace, other: LogPlace): boolean {
  return one.index === other.index && one.term === other.term && one.chain === other.chain;
}
