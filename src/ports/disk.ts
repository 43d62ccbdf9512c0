/**
 * Files and folders below one root, with their durability spelled out.
 *
 * Paths are relative, `/` between names; the empty path is the root (disk-path.ts). A failed call rejects with
 * DiskError; after a failed `sync` nothing that was not durable before may be trusted, and a second sync proves
 * nothing (the kernel may have dropped the dirty pages and marked them clean). test/conformance/disk.ts states every
 * promise as a test that runs on the real and on the simulated disk.
 */
import { FaultError } from '../base/fault-error.ts';

export type DiskProblem = 'missing' | 'exists' | 'full' | 'io' | 'closed' | 'locked' | 'not-empty';

export class DiskError extends FaultError {
  readonly problem: DiskProblem;

  constructor(problem: DiskProblem, facts: { readonly operation: string; readonly path: string }, cause?: unknown) {
    super(`the disk refused to ${facts.operation} ${facts.path}: ${problem}`, facts, cause);
    this.problem = problem;
  }
}

export interface Disk {
  /** `create` fails with `exists` when the file is there, `existing` with `missing` when it is not. */
  openFile(path: string, mode: 'create' | 'existing' | 'create-or-existing'): Promise<DiskFile>;
  /** Names of files and folders, sorted. */
  list(folder: string): Promise<readonly string[]>;
  /** With all its parents; no error when it is there. Durable after `syncFolder` of each parent. */
  makeFolder(folder: string): Promise<void>;
  /** Replaces `to` atomically when it is a file. Durable after `syncFolder` of both parents. */
  rename(from: string, to: string): Promise<void>;
  /** Whoever has it open goes on to read and write it. */
  removeFile(path: string): Promise<void>;
  /** Fails with `not-empty` unless empty. */
  removeFolder(folder: string): Promise<void>;
  /** Makes creations, renames and removals directly inside `folder` durable. */
  syncFolder(folder: string): Promise<void>;
  /**
   * Claims the folder for this process until the returned function is called or the process ends; fails with
   * `locked` while another process, or another caller in this one, holds it.
   */
  lockFolder(folder: string): Promise<() => Promise<void>>;
}

export interface DiskFile {
  readonly path: string;
  sizeBytes(): Promise<number>;
  /**
   * Writes the parts one after the other, starting at `position`; all or, with a rejection, an unknown part of
   * them. `ownedParts` must not change until the promise settles. Writing beyond the end leaves zeros between.
   */
  write(position: number, ownedParts: readonly Uint8Array[]): Promise<void>;
  /** Up to `length` bytes, fewer only at the end of the file. The caller owns what it gets. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** When it resolves, every write whose promise had settled before the call survives a power cut. */
  sync(): Promise<void>;
  /** Cuts, or extends with zeros. Durable after `sync`. */
  truncate(sizeBytes: number): Promise<void>;
  /** Syncs nothing. Every later call fails with `closed`. */
  close(): Promise<void>;
}
