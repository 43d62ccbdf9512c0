/**
 * What the key-value suite needs of the stores it runs on, and the props that its cases are told with.
 *
 * A fixture is stores whose power can be cut. Read next: the cases, key-value-store-cases-*.ts.
 */
import { expect } from 'vitest';
import { FaultError } from '../../src/base/fault-error.ts';
import type { KeyRange, KeyValueStore, KeyValueStores, KeyValueWrite } from '../../src/ports/key-value-store.ts';

export interface KeyValueFixture {
  /** As the process that runs now has them. */
  readonly stores: KeyValueStores;
  /** Takes away at least something of what need not survive, and returns the stores as the next process finds them. */
  readonly powerCut: () => Promise<KeyValueStores>;
  /** The next batch meets a fault of the disk below. */
  readonly failNextBatch: (options: { readonly sync: boolean }) => void;
  /** Lets the fixture's own time pass until `waiting` has settled. */
  readonly passTime: (waiting: Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A promise of the port, and the play that shows it. */
export interface KeyValueCase {
  readonly promise: string;
  play(fixture: KeyValueFixture): Promise<void>;
}

export async function playKeyValueCase(keyValueCase: KeyValueCase, fixture: KeyValueFixture): Promise<void> {
  try {
    await fixture.passTime(keyValueCase.play(fixture));
  } finally {
    await fixture.close();
  }
}

export const synced = { sync: true };
export const notSynced = { sync: false };
export const everything: KeyRange = { from: ' ', below: '~~~', entriesMax: 1_000_000 };

export function put(key: string, value: string | Uint8Array = `value of ${key}`): KeyValueWrite {
  return { type: 'put', key, value: typeof value === 'string' ? bytesOf(value) : value };
}

export function remove(key: string): KeyValueWrite {
  return { type: 'remove', key };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function textAt(store: KeyValueStore, key: string): Promise<string | undefined> {
  const value = await store.get(key);
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

export async function keysOf(store: KeyValueStore, range: Partial<KeyRange> = {}): Promise<string[]> {
  return (await store.range({ ...everything, ...range })).map(([key]) => key);
}

export async function expectFault(refused: Promise<unknown>): Promise<void> {
  const outcome: unknown = await refused.then(
    () => 'no fault at all',
    (fault: unknown) => fault,
  );
  expect(outcome).toBeInstanceOf(FaultError);
}
