/**
 * What a replica must do so that an acknowledgement survives every crash: log, sync, mark, sync, in this order.
 */
import type { ProcessPorts } from '../../../src/simulation/simulated-process.ts';
import { DurableMark } from './durable-mark.ts';
import { firstVersion } from './register-messages.ts';
import type { RegisterState } from './replica-core.ts';
import { JournalStateLog, StoreStateLog, type StateLog } from './state-log.ts';
import type { ToyBug } from './toy-bug.ts';

export interface StorageOptions {
  readonly registers: number;
  readonly keepsIn: 'journal' | 'store';
  readonly bug: ToyBug | undefined;
}

const folder = 'register';

export class ReplicaStorage {
  readonly #log: StateLog;
  readonly #mark: DurableMark;
  #sequence: number;

  private constructor(log: StateLog, mark: DurableMark, sequence: number) {
    this.#log = log;
    this.#mark = mark;
    this.#sequence = sequence;
  }

  /** Undefined when something that was promised is gone: such a replica must not answer anybody any more. */
  static async open(
    { disk, stores }: ProcessPorts,
    { registers, keepsIn, bug }: StorageOptions,
  ): Promise<{ readonly storage: ReplicaStorage; readonly state: RegisterState } | undefined> {
    await disk.makeFolder(folder);
    await disk.syncFolder('');
    const mark = await DurableMark.open(disk, folder);
    const log =
      keepsIn === 'journal'
        ? new JournalStateLog(disk, folder, registers)
        : new StoreStateLog(await stores.open(folder), registers);
    const found = await log.newest();
    const sequence = found?.sequence ?? 0;
    const { required } = mark;
    const isWhole = required !== undefined && sequence >= required;
    if (!isWhole && bug !== 'starts over with what is left of a damaged journal') return undefined;

    const storage = new ReplicaStorage(log, mark, sequence);
    const state = found?.state ?? Array.from({ length: registers }, () => firstVersion);
    // What was read may never have reached the disk: after a failed sync the page cache shows more than the disk has.
    if (found === undefined || bug !== 'serves what it read without making it durable again')
      await storage.#save(state, 'restart');
    return { storage, state };
  }

  persist(state: RegisterState): Promise<void> {
    return this.#save(state, 'append');
  }

  async #save(state: RegisterState, how: 'append' | 'restart'): Promise<void> {
    this.#sequence += 1;
    const record = { sequence: this.#sequence, state };
    await this.#log[how](record);
    await this.#mark.raise(record.sequence);
  }
}
