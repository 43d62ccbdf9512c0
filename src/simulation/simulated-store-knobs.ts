/**
 * How bad simulated key-value stores are: every fault they know, as a number that a fault plan sets.
 *
 * What a power cut does to batches that were not synced is no fault but the contract, so it happens on a calm
 * store too. Read next: simulated-key-value-stores.ts.
 */
import type { DiskLatency } from './simulated-disk-knobs.ts';

/** `sync` is a batch that is asked to survive a power cut, `write` one that is not. */
export type StoreOperationKind = 'read' | 'write' | 'sync';

export interface StoreKnobs {
  readonly latency: Readonly<Record<StoreOperationKind, DiskLatency>>;
  /** Per operation: it rejects. After a failed batch the store takes no more of them until it is opened again. */
  readonly fails: Readonly<Record<StoreOperationKind, number>>;
  /** Per value read: a bit of it has flipped, for ever, and nobody says so. */
  readonly readRots: number;
  /** Per operation of any kind: the store answers nothing for `sticksMsMax` at most. */
  readonly sticks: number;
  readonly sticksMsMax: number;
  /** Per unsynced batch, from the oldest on: a power cut keeps it. The first that is lost takes all later ones along. */
  readonly powerCutKeepsBatch: number;
}

export const calmStore: StoreKnobs = {
  latency: {
    read: { msMin: 0.02, msMean: 0.1 },
    write: { msMin: 0.02, msMean: 0.1 },
    sync: { msMin: 0.5, msMean: 1 },
  },
  fails: { read: 0, write: 0, sync: 0 },
  readRots: 0,
  sticks: 0,
  sticksMsMax: 10_000,
  powerCutKeepsBatch: 0.5,
};

/** Everything that `onFault` is called with. */
export const storeFaults = [
  'store read failed',
  'store write failed',
  'store sync failed',
  'store stuck',
  'store value flipped',
  'store batch damaged',
  'store skipped a damaged batch',
  'power cut lost a batch',
] as const;
export type StoreFault = (typeof storeFaults)[number];
