/**
 * What the log of one directory must hold, told from the effects it was asked to perform and what it reported.
 *
 * Part of the checks of partition-cluster-invariants.ts: it is the memory against which promises are held,
 * independent of what the core believes about itself, and it survives crashes like the directory does.
 */
import { assert, type Facts } from '../base/assert.ts';
import { offset, type Offset } from '../base/offsets.ts';
import type { AssignedBatch } from './partition-batch.ts';
import type { PartitionEffect } from './partition-effect.ts';
import type { PartitionEvent } from './partition-event.ts';
import type { ProducerState } from './producer-sequences.ts';
import type { PartitionView } from './partition-view.ts';

interface LogState {
  readonly generation: number;
  /** In order; what retention dropped may still be here. */
  readonly batches: AssignedBatch[];
  /** What a replay begins with. */
  readonly producers: readonly ProducerState[];
  end: Offset;
  written: Offset;
  durable: Offset;
}

export class PartitionDurableModel {
  #state: LogState;
  /** As it was before a cut that is not known to be done: a crash may leave either. */
  #uncut: LogState | undefined;

  /** Of a directory that is seen for the first time, and empty. */
  constructor({ assigned, localStart, generation }: PartitionView) {
    assert(assigned === localStart, 'a directory is watched from its first batch on');
    this.#state = { generation, batches: [], producers: [], end: assigned, written: assigned, durable: assigned };
  }

  get batches(): readonly AssignedBatch[] {
    return this.#state.batches;
  }

  get producers(): readonly ProducerState[] {
    return this.#state.producers;
  }

  get end(): Offset {
    return this.#state.end;
  }

  get written(): Offset {
    return this.#state.written;
  }

  get durable(): Offset {
    return this.#state.durable;
  }

  /** The batch that begins at an offset. */
  findBatch(baseOffset: Offset): AssignedBatch | undefined {
    const { batches } = this.#state;
    let low = 0;
    let high = batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((batches[middle]?.baseOffset ?? baseOffset) < baseOffset) low = middle + 1;
      else high = middle;
    }
    const found = batches[low];
    return found?.baseOffset === baseOffset ? found : undefined;
  }

  /** The batches that a cut to `end` takes away. */
  batchesFrom(end: Offset): readonly AssignedBatch[] {
    return this.#state.batches.filter(({ nextOffset }) => nextOffset > end);
  }

  onEffect(effect: PartitionEffect): void {
    if (effect.type === 'append') for (const batch of effect.batches) this.#append(batch);
    if (effect.type !== 'cut' && effect.type !== 'reset') return;
    const { generation } = effect;
    this.#uncut ??= this.#state;
    if (effect.type === 'cut') this.#state = { ...upTo(this.#state, effect.end), generation };
    else {
      const { start, producers } = effect;
      this.#state = { generation, batches: [], producers, end: start, written: start, durable: start };
    }
  }

  onEvent(event: PartitionEvent): void {
    const state = this.#state;
    if (event.type === 'log-cut') {
      // A cut is synced before it is said to be done, and what is left with it.
      this.#uncut = undefined;
      state.written = state.end;
      state.durable = state.end;
    }
    if (event.type !== 'log-moved' || event.generation !== state.generation) return;
    state.written = offset(Math.max(state.written, event.written));
    state.durable = offset(Math.max(state.durable, event.durable));
    const { written, durable, end } = state;
    assert(durable <= written && written <= end, 'a log holds what it was asked to', () => ({ event, end }));
  }

  /** The same directory, opened again; `mayHaveLost`: its disk broke its word, or was not asked to keep it. */
  onRestart(view: PartitionView, mayHaveLost: boolean): void {
    const { generation, assigned } = view;
    if (this.#uncut !== undefined && generation <= this.#uncut.generation) this.#state = this.#uncut;
    this.#uncut = undefined;
    const { end, durable } = this.#state;
    const facts = (): Facts => ({ broker: view.brokerId, assigned, end, durable });
    assert(mayHaveLost || assigned >= durable, 'P1: what was durable is there', facts);
    assert(assigned <= end, 'P13: a restart adds nothing', facts);
    this.#state = { ...upTo(this.#state, assigned), generation, written: assigned, durable: assigned };
  }

  #append(batch: AssignedBatch): void {
    const { batches, end } = this.#state;
    const { baseOffset } = batch;
    assert(baseOffset === end, 'P13: a batch begins where the log ends', () => ({ baseOffset, end }));
    batches.push(batch);
    this.#state.end = batch.nextOffset;
  }
}

function upTo(state: LogState, end: Offset): LogState {
  const earlier = (one: Offset): Offset => (one < end ? one : end);
  const { written, durable } = state;
  const batches = state.batches.filter(({ nextOffset }) => nextOffset <= end);
  return { ...state, batches, end, written: earlier(written), durable: earlier(durable) };
}
