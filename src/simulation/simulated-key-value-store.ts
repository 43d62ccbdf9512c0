/**
 * A simulated key-value store as the process that opened it has it.
 *
 * Every operation takes effect at the moment at which it completes; two that are in flight together may complete in
 * any order. Read next: simulated-store-contents.ts.
 */
import { FaultError } from '../base/fault-error.ts';
import type { KeyRange, KeyValueStore, KeyValueWrite } from '../ports/key-value-store.ts';
import { assertStoreKey } from '../ports/store-key.ts';
import type { StoreOperationKind } from './simulated-store-knobs.ts';
import type { SimulatedStoreContents } from './simulated-store-contents.ts';

export interface StoreOperation<Value> {
  readonly kind: StoreOperationKind;
  readonly name: string;
  /** What it does when it completes. */
  readonly work: () => Value;
  /** What it does when it fails instead, besides rejecting. */
  readonly onFailure?: () => void;
  /** When the process is killed before completion. */
  readonly cutShort?: (() => void) | undefined;
}

export interface OpenStoreOptions {
  readonly path: string;
  readonly contents: SimulatedStoreContents;
  readonly perform: <Value>(operation: StoreOperation<Value>) => Promise<Value>;
  readonly chance: (probability: number) => boolean;
  readonly readRots: () => number;
  readonly onClose: () => void;
}

type StoreState = 'open' | 'read-only after a failed batch' | 'closed';

export class SimulatedKeyValueStore implements KeyValueStore {
  readonly #options: OpenStoreOptions;
  #state: StoreState = 'open';

  constructor(options: OpenStoreOptions) {
    this.#options = options;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    assertStoreKey(key);
    return this.#perform({
      kind: 'read',
      name: 'get',
      work: () => {
        this.#rotSome(key);
        const value = this.#options.contents.get(key);
        return value === undefined ? undefined : Uint8Array.from(value);
      },
    });
  }

  range(range: KeyRange): Promise<readonly (readonly [key: string, value: Uint8Array])[]> {
    return this.#perform({
      kind: 'read',
      name: 'range',
      work: () => {
        for (const [key] of this.#options.contents.range(range)) this.#rotSome(key);
        return this.#options.contents.range(range).map(([key, value]) => [key, Uint8Array.from(value)] as const);
      },
    });
  }

  batch(writes: readonly KeyValueWrite[], { sync }: { readonly sync: boolean }): Promise<void> {
    for (const { key } of writes) assertStoreKey(key);
    if (this.#state === 'read-only after a failed batch') return Promise.reject(this.#fault('batch', this.#state));
    const { contents, chance } = this.#options;
    const appendPerhaps = (): void => {
      if (chance(0.5)) contents.appendFailed(writes.map(owned));
    };
    return this.#perform({
      kind: sync ? 'sync' : 'write',
      name: 'batch',
      work: () => {
        // Another batch may have failed while this one was on its way.
        if (this.#state === 'read-only after a failed batch') throw this.#fault('batch', this.#state);
        contents.append(writes.map(owned), sync);
      },
      onFailure: () => {
        if (this.#state === 'open') this.#state = 'read-only after a failed batch';
        appendPerhaps();
      },
      cutShort: appendPerhaps,
    });
  }

  close(): Promise<void> {
    const closed = this.#perform({ kind: 'read', name: 'close', work: () => this.#options.onClose() });
    this.#state = 'closed';
    return closed;
  }

  #perform<Value>(operation: StoreOperation<Value>): Promise<Value> {
    if (this.#state === 'closed') return Promise.reject(this.#fault(operation.name, this.#state));
    return this.#options.perform(operation);
  }

  #fault(operation: string, why: StoreState): FaultError {
    return new FaultError('the store refused an operation', { operation, path: this.#options.path, why });
  }

  #rotSome(key: string): void {
    if (this.#options.chance(this.#options.readRots())) this.#options.contents.flipBitOf(key);
  }
}

function owned(write: KeyValueWrite): KeyValueWrite {
  return write.type === 'put' ? { ...write, value: Uint8Array.from(write.value) } : write;
}
