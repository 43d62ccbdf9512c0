/**
 * An ordered map on disk.
 *
 * Keys are printable ASCII, so that the order of strings is the order of bytes; numbers inside keys are written
 * with a fixed width. The store is *not trusted*: below the real one, a damaged record may vanish while later
 * ones stay, and a read may return a wrong value without an error. Whoever stores something that matters
 * checks it on the way out (own checksum, own sequence). test/conformance/key-value-store.ts states the promises.
 */
import { FaultError } from '../base/fault-error.ts';

/** What is stored is not what was written, and the store noticed. Any other fault may pass: a full disk, a limit. */
export class StoreDamageError extends FaultError {}

export type KeyValueWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'remove'; readonly key: string };

export interface KeyRange {
  /** First key wanted. */
  readonly from: string;
  /** First key not wanted. */
  readonly below: string;
  readonly entriesMax: number;
  /** From the highest key down. */
  readonly reverse?: boolean;
}

export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  range(range: KeyRange): Promise<readonly (readonly [key: string, value: Uint8Array])[]>;
  /**
   * Atomic: all writes or none, in the order given, also across a power cut. With `sync`, when it resolves,
   * this batch and every batch that had resolved before it survive a power cut. Rejects with a FaultError;
   * after that the store takes no more writes. An empty batch with `sync` makes durable what came before it.
   */
  batch(writes: readonly KeyValueWrite[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens stores below one root; a store is open once at a time. Rejects with a StoreDamageError when it cannot be
 * opened for what is stored in it.
 */
export interface KeyValueStores {
  open(path: string): Promise<KeyValueStore>;
}
