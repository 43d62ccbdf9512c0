/**
 * One simulated machine for storage tests: a disk and key-value stores on virtual time, whose power can be cut
 * after any number of completed operations.
 */
import { clusterId, nodeId, type ClusterId, type NodeId } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Disk } from '../../src/ports/disk.ts';
import type { KeyValueStores } from '../../src/ports/key-value-store.ts';
import { SimulatedDisk } from '../../src/simulation/simulated-disk.ts';
import { SimulatedKeyValueStores } from '../../src/simulation/simulated-key-value-stores.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { StorageDirectory } from '../../src/storage/directory-identity.ts';
import type { DirectoryProblem } from '../../src/storage/directory-problem.ts';
import type { RaftDamage } from '../../src/storage/raft-damage.ts';
import type { RaftEntryRecord } from '../../src/storage/raft-entry-record.ts';
import { RaftStore } from '../../src/storage/raft-store.ts';

export const stageFolder = 'data/node';
export const stageLevel = `${stageFolder}/raft/level`;
export const ourCluster = clusterId('c0'.repeat(16));
export const otherCluster = clusterId('dd'.repeat(16));
export const ourNode = nodeId(2);

export interface OpenedStore {
  readonly directory: StorageDirectory;
  readonly store: RaftStore;
}

/** One life of the process, as its storage sees it. */
interface Process {
  readonly disk: Disk;
  readonly stores: KeyValueStores;
  kill(): void;
}

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
  isCancelled: boolean;
}

export class StorageStage {
  readonly random: SimulatedRandom;
  readonly disk: SimulatedDisk;
  readonly stores: SimulatedKeyValueStores;
  readonly clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  /** Operations that have completed so far. */
  completions = 0;
  #timers: Timer[] = [];
  #nowMs = 0;
  #living: Process;

  constructor(seed: number) {
    this.random = new SimulatedRandom(seed);
    this.clock = {
      monotonicMs: () => this.#nowMs,
      callAfterMs: (delayMs: number, action: () => void) => this.#callAfterMs(delayMs, action),
    };
    const { clock } = this;
    this.disk = new SimulatedDisk({ clock, random: this.random.fork('disk'), onFault: () => {} });
    this.stores = new SimulatedKeyValueStores({ clock, random: this.random.fork('stores'), onFault: () => {} });
    this.#living = this.#startProcess();
  }

  get ports(): Process {
    return this.#living;
  }

  /** The process dies: nothing that was written is lost. */
  kill(): void {
    this.#living.kill();
    this.#living = this.#startProcess();
  }

  /** What was not synced is lost, as chance has it. */
  cutPower(): void {
    this.disk.powerCut();
    this.stores.powerCut();
    this.#living = this.#startProcess();
  }

  /** Lets time pass until the promise settles. */
  async settle<Value>(promise: Promise<Value>): Promise<Value> {
    const outcome = await this.settleWithin(promise, Infinity);
    if (outcome === 'cut') throw new Error('time without end ended');
    return outcome.value;
  }

  /** Cuts the power when so many more operations have completed and the promise has not settled. */
  async settleWithin<Value>(
    promise: Promise<Value>,
    completionsMax: number,
  ): Promise<'cut' | { readonly value: Value }> {
    const outcome = { isSettled: false };
    const settled = (): void => {
      outcome.isSettled = true;
    };
    promise.then(settled, settled);
    const cutAt = this.completions + completionsMax;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (outcome.isSettled) return { value: await promise };
      if (this.completions >= cutAt) {
        this.cutPower();
        return 'cut';
      }
      this.#fireNext();
    }
  }

  openDirectory(
    wanted: { nodeId?: NodeId; clusterId?: ClusterId } = {},
  ): Promise<Result<StorageDirectory, DirectoryProblem>> {
    const { disk } = this.#living;
    const random = this.random.fork('identity');
    const clusterId = wanted.clusterId;
    return StorageDirectory.open({ disk, folder: stageFolder, random, nodeId: wanted.nodeId ?? ourNode, clusterId });
  }

  /** Rejects when the directory is refused; a store that is refused is an answer. */
  async tryOpenStore(
    options: { recentBytesMax?: number; onEntry?: (entry: RaftEntryRecord) => void; stores?: KeyValueStores } = {},
  ): Promise<Result<OpenedStore, RaftDamage>> {
    const { disk } = this.#living;
    const stores = options.stores ?? this.#living.stores;
    const directory = await this.openDirectory({ clusterId: ourCluster });
    if (!directory.ok) throw new Error(`the directory is refused: ${JSON.stringify(directory.problem)}`);
    const recentBytesMax = options.recentBytesMax ?? 1_000_000;
    const opening = { disk, stores, directory: directory.value, recentBytesMax };
    const store = await RaftStore.open(
      options.onEntry === undefined ? opening : { ...opening, onEntry: options.onEntry },
    );
    if (store.ok) return { ok: true, value: { directory: directory.value, store: store.value } };
    await directory.value.close();
    return store;
  }

  async openStore(options: { stores?: KeyValueStores } = {}): Promise<OpenedStore> {
    const opened = await this.tryOpenStore(options);
    if (!opened.ok) throw new Error(`the store is refused: ${JSON.stringify(opened.problem)}`);
    return opened.value;
  }

  #startProcess(): Process {
    const disk = this.disk.incarnation();
    const stores = this.stores.incarnation();
    return {
      disk: disk.disk,
      stores: stores.stores,
      kill() {
        disk.kill();
        stores.kill();
      },
    };
  }

  #callAfterMs(delayMs: number, action: () => void): { cancel(): void } {
    const timer: Timer = { atMs: this.#nowMs + delayMs, action, isCancelled: false };
    this.#timers.push(timer);
    return {
      cancel() {
        timer.isCancelled = true;
      },
    };
  }

  #fireNext(): void {
    this.#timers = this.#timers.filter(({ isCancelled }) => !isCancelled);
    const next = this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    );
    if (next === undefined) throw new Error('everything waits, and nothing is under way');
    next.isCancelled = true;
    this.#nowMs = next.atMs;
    this.completions += 1;
    next.action();
  }
}
