/**
 * How bad a simulated disk is: every fault it knows, as a number that a fault plan sets and changes while it runs.
 *
 * Chances are from 0 to 1. The calm disk has none, only latencies; what a power cut does to unsynced data is no
 * fault but the contract of every disk, so it happens there too.
 * Read next: simulated-disk.ts.
 */

/** What an operation costs and how it fails depends on its kind; `folder` is everything about names. */
export type DiskOperationKind = 'read' | 'write' | 'sync' | 'folder';

export interface DiskLatency {
  readonly msMin: number;
  /** Added to the minimum; drawn per operation, mostly small and sometimes many times the mean. */
  readonly msMean: number;
}

export interface PowerCutChances {
  /** Per unsynced write or truncation: it reached the disk whole all the same. */
  readonly changeSurvives: number;
  /** Per unsynced write that did not survive whole: some of its sectors reached the disk. */
  readonly writeTears: number;
  /** Per creation, rename or removal whose folders were not synced: it is remembered all the same. */
  readonly entrySurvives: number;
}

export interface DiskKnobs {
  readonly latency: Readonly<Record<DiskOperationKind, DiskLatency>>;
  /** Per operation: it fails with `io`. A failed write may have written a part. */
  readonly fails: Readonly<Record<DiskOperationKind, number>>;
  /**
   * After a failed sync each change that it covered may be dropped from the disk, while reads go on to show it and
   * a second sync succeeds: so do Linux file systems, which mark the pages clean.
   */
  readonly failedSyncDrops: number;
  /** Per read: a bit of what it reads has flipped, for ever. */
  readonly readRots: number;
  /** Per operation of any kind: the disk answers nothing for `sticksMsMax` at most. */
  readonly sticks: number;
  readonly sticksMsMax: number;
  /** Sizes of all files together; a write that needs more fails with `full`. */
  readonly capacityBytes: number;
  readonly powerCut: PowerCutChances;
}

const shortLatency: DiskLatency = { msMin: 0.05, msMean: 0.2 };

export const calmDisk: DiskKnobs = {
  latency: { read: shortLatency, write: shortLatency, sync: { msMin: 0.5, msMean: 1 }, folder: shortLatency },
  fails: { read: 0, write: 0, sync: 0, folder: 0 },
  failedSyncDrops: 0.5,
  readRots: 0,
  sticks: 0,
  sticksMsMax: 10_000,
  capacityBytes: Infinity,
  powerCut: { changeSurvives: 0.3, writeTears: 0.5, entrySurvives: 0.3 },
};

/** Everything that `onFault` is called with, so that a campaign can check that it reached all. */
export const diskFaults = [
  'disk read failed',
  'disk write failed',
  'disk write failed after a part',
  'disk sync failed',
  'disk sync failed and dropped a change',
  'disk folder operation failed',
  'disk full',
  'disk stuck',
  'disk bit flipped',
  'disk write cut short by a crash',
  'power cut lost a change',
  'power cut tore a write',
  'power cut forgot an entry',
] as const;
export type DiskFault = (typeof diskFaults)[number];
