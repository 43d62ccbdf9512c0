/**
 * What is left to chance about a log: its settings, so small that everything happens within a few batches, and its
 * batches, with gaps, epochs and producers.
 */
import { leaderEpoch, offset, type Offset } from '../../../src/base/offsets.ts';
import { BatchEncoder } from '../../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../../src/record/batch-header.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { LogDiskLimits } from '../../../src/storage/log-disk.ts';
import { logSettingsDefault, type FlushPolicy, type LogSettings } from '../../../src/storage/log-settings.ts';
import { stampedBatch, type StampedBatch } from '../../../src/storage/stamped-batch.ts';

const policies: readonly FlushPolicy[] = [
  { type: 'each-append' },
  { type: 'never' },
  { type: 'every', bytes: 600, ms: 3 },
];
export const firstTimestampMs = 1_700_000_000_000;
const msBetweenBatches = 10;

export function drawSettings(random: SimulatedRandom): LogSettings {
  return {
    ...logSettingsDefault,
    flush: random.pick(policies),
    segmentBytesMax: random.integerBetween(400, 4000),
    segmentAgeMsMax: random.chance(0.3) ? random.integerBetween(5, 50) * msBetweenBatches : 1_000_000,
    indexEveryBytes: random.integerBetween(100, 800),
    recoverBytesMax: random.integerBetween(200, 2500),
    gatherBytesMax: random.integerBetween(300, 3000),
    removalDelayMs: random.integerBetween(1, 60),
    droppedFilesMax: random.integerBetween(1, 3),
  };
}

export function drawDiskLimits(random: SimulatedRandom): LogDiskLimits {
  return {
    openFilesMax: random.pick([2, 3, 6, 100]),
    flushesMax: random.integerBetween(1, 2),
    indexBytesMax: random.pick([1, 2000, 1_000_000]),
  };
}

/** Never makes the same batch twice: no two have the same bytes, wherever they are put. */
export class BatchMaker {
  readonly #random: SimulatedRandom;
  readonly #encoder = new BatchEncoder({ batchBytesTarget: 64 * 1024, batchBytesMax: 64 * 1024 });
  readonly #sequences = new Map<number, number>();
  #made = 0;

  constructor(random: SimulatedRandom) {
    this.#random = random;
  }

  /** About when the next batch is. */
  get nowMs(): number {
    return firstTimestampMs + this.#made * msBetweenBatches;
  }

  after(end: Offset, lastEpoch: number | undefined): StampedBatch {
    const random = this.#random;
    this.#made += 1;
    const records = random.integerBetween(1, 3);
    const bytes = random.chance(0.06) ? random.integerBetween(500, 3000) : random.integerBelow(150);
    const value = `${this.#made}`.padEnd(bytes, 'x');
    // Producers' clocks differ.
    const timestampMs = this.nowMs + random.integerBelow(60);
    for (let count = 0; count < records; count += 1) this.#encoder.append({ key: null, value, timestampMs });
    const batch = this.#encoder.finishOwned(random.chance(0.5) ? this.#drawIdentity(records) : {});
    const baseOffset = offset(end + (random.chance(0.15) ? random.integerBetween(1, 5) : 0));
    const epoch = leaderEpoch((lastEpoch ?? 1) + (random.chance(0.12) ? random.integerBetween(1, 2) : 0));
    new BatchHeader(batch).stamp({ baseOffset, leaderEpoch: epoch });
    return stampedBatch(batch);
  }

  #drawIdentity(records: number): { producer: { id: number; epoch: number; baseSequence: number } } {
    const id = this.#random.integerBetween(1, 3);
    const baseSequence = this.#sequences.get(id) ?? 0;
    this.#sequences.set(id, baseSequence + records);
    return { producer: { id, epoch: 0, baseSequence } };
  }
}
