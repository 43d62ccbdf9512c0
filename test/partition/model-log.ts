/**
 * A partition log on a disk as the core is promised one: calls done in order, a flush beside them that covers what was
 * written when it was issued, power cuts that take what was not flushed.
 *
 * What is asked of it waits until the test lets it happen; a fast one does everything at once.
 */
import { assert } from '../../src/base/assert.ts';
import { EpochHistory } from '../../src/base/epoch-history.ts';
import type { DirectoryId } from '../../src/base/ids.ts';
import { offset, type Offset } from '../../src/base/offsets.ts';
import type { AssignedBatch } from '../../src/partition/partition-batch.ts';
import type { PartitionEffect } from '../../src/partition/partition-effect.ts';
import type { PartitionEvent } from '../../src/partition/partition-event.ts';
import type { OpenedLog, PartitionLimits } from '../../src/partition/partition-options.ts';
import { ProducerSequences } from '../../src/partition/producer-sequences.ts';

export type LogCall = Extract<PartitionEffect, { type: 'append' | 'cut' | 'reset' | 'write-start' | 'drop-below' }>;

export class ModelLog {
  readonly directory: DirectoryId;
  readonly #limits: PartitionLimits;
  batches: AssignedBatch[] = [];
  generation = 1;
  localStart: Offset = offset(0);
  start: Offset = offset(0);
  #written: Offset = offset(0);
  #durable: Offset = offset(0);
  #flushing: { readonly generation: number; readonly upTo: Offset } | undefined;
  readonly #calls: LogCall[] = [];
  /** As the driver keeps it now and then. */
  keptWatermark: Offset = offset(0);
  /** What the batches come to that were dropped. */
  #droppedProducers: OpenedLog['producers'] = [];
  isDamaged = false;
  mayLack = false;

  constructor(directory: DirectoryId, limits: PartitionLimits) {
    this.directory = directory;
    this.#limits = limits;
  }

  get written(): Offset {
    return this.#written;
  }

  get durable(): Offset {
    return this.#durable;
  }

  get hasCalls(): boolean {
    return this.#calls.length > 0;
  }

  get mayFlush(): boolean {
    return this.#flushing === undefined && this.#durable < this.#written;
  }

  get isFlushing(): boolean {
    return this.#flushing !== undefined;
  }

  ask(call: LogCall): void {
    this.#calls.push(call);
  }

  /** Does the first call that waits. */
  doNext(): PartitionEvent | undefined {
    const call = this.#calls.shift();
    if (call === undefined) return undefined;
    switch (call.type) {
      case 'append':
        this.batches.push(...call.batches);
        this.#written = call.batches.at(-1)?.nextOffset ?? this.#written;
        return this.#moved();
      case 'cut':
        return this.#cut(call.generation, call.end);
      case 'reset':
        this.batches = [];
        this.#droppedProducers = call.producers;
        this.localStart = call.start;
        this.start = call.start;
        return this.#cut(call.generation, call.start);
      case 'write-start':
        this.start = call.start;
        return { type: 'start-written', start: call.start };
      default:
        return this.#drop(call.start);
    }
  }

  startFlush(): void {
    assert(this.mayFlush, 'a flush has something to do');
    this.#flushing = { generation: this.generation, upTo: this.#written };
  }

  endFlush(): PartitionEvent {
    const flush = this.#flushing;
    assert(flush !== undefined, 'a flush that ends was started');
    this.#flushing = undefined;
    if (flush.generation === this.generation && flush.upTo > this.#durable) this.#durable = flush.upTo;
    const { upTo, generation } = flush;
    // What it says may be old by the time it is heard.
    return { type: 'log-moved', generation, written: upTo, durable: upTo };
  }

  /** Everything there is, up to `bytesMax` but at least one batch. Undefined: not there. */
  read(from: Offset, upTo: Offset, bytesMax: number): readonly AssignedBatch[] {
    const found: AssignedBatch[] = [];
    if (from < this.localStart) return found;
    let bytes = 0;
    for (const batch of this.batches) {
      if (batch.nextOffset <= from || batch.nextOffset > Math.min(upTo, this.#written)) continue;
      if (found.length > 0 && bytes + batch.ownedBytes.length > bytesMax) break;
      found.push(batch);
      bytes += batch.ownedBytes.length;
    }
    return found;
  }

  /** The process dies: what was not written is gone. */
  crash(): void {
    this.#calls.length = 0;
    this.#flushing = undefined;
  }

  /** The machine dies: of what was not durable some beginning may be left, to be cut at a batch. */
  powerCut(integerBelow: (bound: number) => number): void {
    this.crash();
    const unsafe = this.batches.filter(({ nextOffset }) => nextOffset > this.#durable);
    this.loseFrom(unsafe[integerBelow(unsafe.length + 1)]?.baseOffset);
  }

  loseFrom(end: Offset | undefined): void {
    if (end === undefined) return;
    this.batches = this.batches.filter(({ nextOffset }) => nextOffset <= end);
  }

  /** Recovery: what is kept is made durable before anything is said about it. */
  open(): OpenedLog {
    const end = this.batches.at(-1)?.nextOffset ?? this.localStart;
    this.#written = end;
    this.#durable = end;
    const { directory, generation, localStart, start, keptWatermark: watermark, isDamaged, mayLack } = this;
    const producers = this.#replayed();
    const epochs = this.#epochs();
    return { directory, generation, localStart, start, end, epochs, producers, watermark, isDamaged, mayLack };
  }

  /** What is said when all of it can be read again; only while nothing is asked of it. */
  repaired(): PartitionEvent {
    this.isDamaged = false;
    return { type: 'repaired', epochs: this.#epochs(), producers: this.#replayed() };
  }

  #epochs(): OpenedLog['epochs'] {
    const epochs = new EpochHistory();
    for (const { leaderEpoch, baseOffset } of this.batches) epochs.append(leaderEpoch, baseOffset);
    return epochs.starts;
  }

  #replayed(batches: readonly AssignedBatch[] = this.batches): OpenedLog['producers'] {
    const { producersMax, producerWindow } = this.#limits;
    const producers = new ProducerSequences({ producersMax, window: producerWindow }, this.#droppedProducers);
    for (const batch of batches) producers.replay(batch);
    return producers.snapshot();
  }

  #cut(generation: number, end: Offset): PartitionEvent {
    this.batches = this.batches.filter(({ nextOffset }) => nextOffset <= end);
    this.generation = generation;
    this.#written = end;
    this.#durable = end;
    return { type: 'log-cut', generation, producers: this.#replayed() };
  }

  /** Segments of four batches: what is dropped is dropped in whole ones, and never the last. */
  #drop(start: Offset): PartitionEvent {
    const below = this.batches.filter(({ nextOffset }) => nextOffset <= start).length;
    const dropped = Math.min(below - (below % 4), Math.max(0, this.batches.length - 1));
    const first = this.batches[dropped];
    if (first !== undefined && dropped > 0) {
      this.#droppedProducers = this.#replayed(this.batches.slice(0, dropped));
      this.batches = this.batches.slice(dropped);
      this.localStart = first.baseOffset;
    }
    return { type: 'dropped', generation: this.generation, localStart: this.localStart };
  }

  #moved(): PartitionEvent {
    return { type: 'log-moved', generation: this.generation, written: this.#written, durable: this.#durable };
  }
}
