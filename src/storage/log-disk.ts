/**
 * What all logs of one disk share, because the disk is one: its open files, its flushes, and the memory for hints.
 */
import type { Disk } from '../ports/disk.ts';
import { DiskFlusher } from './disk-flusher.ts';
import { FileHandles } from './file-handles.ts';
import { IndexCache } from './index-cache.ts';

export interface LogDiskLimits {
  readonly openFilesMax: number;
  /** More at once would only wait for each other, and take the threads that reads need. */
  readonly flushesMax: number;
  readonly indexBytesMax: number;
}

export const logDiskLimitsDefault: LogDiskLimits = {
  openFilesMax: 2048,
  flushesMax: 2,
  indexBytesMax: 16 * 1024 * 1024,
};

export class LogDisk {
  readonly disk: Disk;
  readonly handles: FileHandles;
  readonly flusher: DiskFlusher;
  readonly indexes: IndexCache;

  constructor(disk: Disk, limits: LogDiskLimits = logDiskLimitsDefault) {
    this.disk = disk;
    this.handles = new FileHandles(disk, limits.openFilesMax);
    this.flusher = new DiskFlusher(limits.flushesMax);
    this.indexes = new IndexCache(limits.indexBytesMax);
  }
}
