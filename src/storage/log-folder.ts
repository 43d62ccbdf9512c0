/**
 * The folder of one log: its files by kind, and the checkpoint in its two copies.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { Disk } from '../ports/disk.ts';
import { readWholeFile, replaceFiles } from './atomic-file.ts';
import type { FileHandles, PooledFile } from './file-handles.ts';
import {
  checkpointBytesMax,
  checkpointNames,
  decodeCheckpoint,
  encodeCheckpoint,
  type CheckpointReading,
  type LogCheckpoint,
} from './log-checkpoint.ts';
import { deletedEnding, segmentFileKinds, segmentFileName, type SegmentFileKind } from './segment-names.ts';

export class LogFolder {
  readonly disk: Disk;
  readonly path: string;
  readonly handles: FileHandles;
  #sequence = 0;

  constructor(disk: Disk, path: string, handles: FileHandles) {
    this.disk = disk;
    this.path = path;
    this.handles = handles;
  }

  pathOf(base: Offset, kind: SegmentFileKind): string {
    return `${this.path}/${segmentFileName(base, kind)}`;
  }

  use<Value>(base: Offset, kind: SegmentFileKind, act: (file: PooledFile) => Promise<Value>): Promise<Value> {
    return this.handles.use(this.pathOf(base, kind), 'existing', act);
  }

  /** Creates the file where it is missing. */
  useOrCreate<Value>(base: Offset, kind: SegmentFileKind, act: (file: PooledFile) => Promise<Value>): Promise<Value> {
    return this.handles.use(this.pathOf(base, kind), 'create-or-existing', act);
  }

  /** Undefined when there is none. */
  async readWhole(base: Offset, kind: SegmentFileKind, bytesMax: number): Promise<Uint8Array | undefined> {
    return readWholeFile(this.disk, this.pathOf(base, kind), bytesMax);
  }

  async readCheckpoints(): Promise<readonly CheckpointReading[]> {
    const files = await Promise.all(
      checkpointNames.map((name) => readWholeFile(this.disk, `${this.path}/${name}`, checkpointBytesMax)),
    );
    return files.flatMap((bytes) => (bytes === undefined ? [] : [decodeCheckpoint(bytes)]));
  }

  /** When it resolves, both copies are durable. One at a time: they are the last step of barriers and recovery points. */
  async saveCheckpoint(make: (sequence: number) => LogCheckpoint): Promise<void> {
    const checkpoint = make(this.#sequence + 1);
    assert(checkpoint.sequence > this.#sequence, 'S8: a newer checkpoint has a higher number', () => ({
      sequence: checkpoint.sequence,
    }));
    this.#sequence = checkpoint.sequence;
    const ownedBytes = encodeCheckpoint(checkpoint);
    await replaceFiles(
      this.disk,
      this.path,
      checkpointNames.map((name) => ({ name, ownedBytes })),
    );
  }

  /** The number of the newest checkpoint that was found. */
  goOnFrom(sequence: number): void {
    this.#sequence = sequence;
  }

  /**
   * Gives the files of a segment another name, so that they are no part of the log and can still be read by whoever
   * reads them. The folder is not synced. Returns the new names.
   */
  async setAside(base: Offset): Promise<readonly string[]> {
    const there = new Set(await this.disk.list(this.path));
    const names = segmentFileKinds.map((kind) => segmentFileName(base, kind)).filter((name) => there.has(name));
    for (const name of names) {
      await this.handles.forget(`${this.path}/${name}`);
      await this.disk.rename(`${this.path}/${name}`, `${this.path}/${name}${deletedEnding}`);
    }
    return names.map((name) => name + deletedEnding);
  }
}
