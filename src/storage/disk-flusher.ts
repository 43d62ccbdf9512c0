/**
 * The flushes of all logs of one disk, a bounded number at a time: more would only wait for each other in the disk, and
 * in the meantime take the threads that reads need.
 */
import { Slots } from './slots.ts';

export class DiskFlusher {
  readonly #slots: Slots;

  constructor(flushesMax: number) {
    this.#slots = new Slots(flushesMax);
  }

  /** `flush` decides what it covers when its turn comes, so that it covers what was written while it waited. */
  run(flush: () => Promise<void>): Promise<void> {
    return this.#slots.run(flush);
  }
}
