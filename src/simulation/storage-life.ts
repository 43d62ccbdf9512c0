/**
 * What one incarnation of a process has in flight on a simulated disk or store.
 *
 * Every operation takes effect at the moment at which it completes. When the process is killed nothing of what is in
 * flight settles; an operation may still leave a trace of itself, as a system call that was under way does.
 */
import { assert } from '../base/assert.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import type { DiskLatency } from './simulated-disk-knobs.ts';

/** The process that uses simulated storage, as far as storage cares. An incarnation of the simulator is one. */
export interface StorageUser {
  /** Runs what follows a completed operation as code of the process: now, after its pause, or never. */
  enter(action: () => void): void;
  /** Asked before anything happens. When false, the operation does nothing and never settles. */
  mayAct(operation: string): boolean;
}

/** For tests that have no processes. */
export const soleUser: StorageUser = {
  enter(action) {
    action();
  },
  mayAct: () => true,
};

export interface StorageOperation<Value> {
  readonly name: string;
  readonly latency: DiskLatency;
  /** What it does when it completes; what this throws rejects the operation. */
  readonly work: () => Value;
  /** What it does when the process is killed before. */
  readonly cutShort?: (() => void) | undefined;
}

export class StorageLife<Fault extends string> {
  readonly #device: SimulatedDevice<Fault>;
  readonly #user: StorageUser;
  readonly #inFlight = new Set<() => void>();
  #isAlive = true;

  constructor(device: SimulatedDevice<Fault>, user: StorageUser) {
    this.#device = device;
    this.#user = user;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** From now on nothing that was or will be asked here happens, or settles. */
  end(): void {
    this.#isAlive = false;
    for (const abandon of this.#inFlight) abandon();
    this.#inFlight.clear();
  }

  perform<Value>({ name, latency, work, cutShort }: StorageOperation<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (!this.#isAlive || !this.#user.mayAct(name)) return;
      const started = this.#device.start(latency, () => {
        assert(this.#isAlive, 'nothing completes for a dead incarnation', { name });
        this.#inFlight.delete(abandon);
        try {
          const value = work();
          this.#user.enter(() => resolve(value));
        } catch (fault) {
          this.#user.enter(() => reject(fault));
        }
      });
      const abandon = (): void => {
        started.cancel();
        cutShort?.();
      };
      this.#inFlight.add(abandon);
    });
  }
}
