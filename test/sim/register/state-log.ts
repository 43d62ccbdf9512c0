/**
 * Where a replica keeps its states: a journal on the disk, or a key-value store. The newest whole record counts.
 *
 * Neither is trusted: each record has a checksum of its own, and durable-mark.ts tells when the newest are missing.
 */
import { crc32c } from '../../../src/record/crc32c.ts';
import type { Disk, DiskFile } from '../../../src/ports/disk.ts';
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts';
import { putVersion, takeVersion, versionBytes } from './register-messages.ts';
import type { RegisterState } from './replica-core.ts';

export interface StateRecord {
  readonly sequence: number;
  readonly state: RegisterState;
}

export interface StateLog {
  newest(): Promise<StateRecord | undefined>;
  /** Durable when it resolves. */
  append(record: StateRecord): Promise<void>;
  /** The same, and forgets all older records. */
  restart(record: StateRecord): Promise<void>;
}

const headBytes = 8;

/** Records of one size, one after the other; whatever is spoiled is passed over. */
export class JournalStateLog implements StateLog {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #recordBytes: number;
  readonly #registers: number;
  #file: DiskFile | undefined;
  #endBytes = 0;

  constructor(disk: Disk, folder: string, registers: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#registers = registers;
    this.#recordBytes = headBytes + registers * versionBytes;
  }

  async newest(): Promise<StateRecord | undefined> {
    if (!(await this.#disk.list(this.#folder)).includes('journal')) return undefined;
    const file = await this.#disk.openFile(`${this.#folder}/journal`, 'existing');
    const bytes = await file.read(0, await file.sizeBytes());
    await file.close();
    this.#endBytes = Math.ceil(bytes.length / this.#recordBytes) * this.#recordBytes;
    let found: StateRecord | undefined;
    for (let at = 0; at + this.#recordBytes <= bytes.length; at += this.#recordBytes) {
      const record = decodeRecord(bytes.subarray(at, at + this.#recordBytes), this.#registers);
      if (record !== undefined && record.sequence >= (found?.sequence ?? 0)) found = record;
    }
    return found;
  }

  async append(record: StateRecord): Promise<void> {
    const file = this.#file ?? (await this.#disk.openFile(`${this.#folder}/journal`, 'existing'));
    this.#file = file;
    await file.write(this.#endBytes, [encodeRecord(record)]);
    this.#endBytes += this.#recordBytes;
    await file.sync();
  }

  async restart(record: StateRecord): Promise<void> {
    const path = `${this.#folder}/journal`;
    const fresh = await this.#disk.openFile(`${path}.new`, 'create-or-existing');
    await fresh.truncate(0);
    await fresh.write(0, [encodeRecord(record)]);
    await fresh.sync();
    await fresh.close();
    await this.#disk.rename(`${path}.new`, path);
    await this.#disk.syncFolder(this.#folder);
    this.#endBytes = this.#recordBytes;
  }
}

const recordsKept = 3;
const keyOf = (sequence: number): string => `state/${String(sequence).padStart(10, '0')}`;

export class StoreStateLog implements StateLog {
  readonly #store: KeyValueStore;
  readonly #registers: number;

  constructor(store: KeyValueStore, registers: number) {
    this.#store = store;
    this.#registers = registers;
  }

  async newest(): Promise<StateRecord | undefined> {
    const found = await this.#all();
    return found.map(([, value]) => decodeRecord(value, this.#registers)).find((record) => record !== undefined);
  }

  append(record: StateRecord): Promise<void> {
    const { sequence } = record;
    return this.#store.batch(
      [
        { type: 'put', key: keyOf(sequence), value: encodeRecord(record) },
        { type: 'remove', key: keyOf(Math.max(0, sequence - recordsKept)) },
      ],
      { sync: true },
    );
  }

  async restart(record: StateRecord): Promise<void> {
    const old = await this.#all();
    await this.#store.batch(
      [
        ...old.map(([key]) => ({ type: 'remove', key }) as const),
        { type: 'put', key: keyOf(record.sequence), value: encodeRecord(record) },
      ],
      { sync: true },
    );
  }

  #all(): ReturnType<KeyValueStore['range']> {
    return this.#store.range({ from: 'state/', below: 'state0', entriesMax: 100, reverse: true });
  }
}

function encodeRecord({ sequence, state }: StateRecord): Uint8Array {
  const bytes = new Uint8Array(headBytes + state.length * versionBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, sequence);
  for (const [at, version] of state.entries()) putVersion(view, headBytes + at * versionBytes, version);
  view.setUint32(0, crc32c(bytes.subarray(4)));
  return bytes;
}

function decodeRecord(bytes: Uint8Array, registers: number): StateRecord | undefined {
  if (bytes.length !== headBytes + registers * versionBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== crc32c(bytes.subarray(4))) return undefined;
  const state = Array.from({ length: registers }, (_, at) => takeVersion(view, headBytes + at * versionBytes));
  return { sequence: view.getUint32(4), state };
}
