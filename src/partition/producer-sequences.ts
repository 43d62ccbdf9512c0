/**
 * Which batch of which idempotent producer was appended last, so that a retry is recognised (I1, I2).
 *
 * What is known is a function of the batches of the log, in their order, and of nothing else: a leader that assigns
 * them, a follower that is sent them, a log that is replayed and a snapshot of the same prefix come to the same (I3).
 * So it covers what is assigned, not what is committed, and is made anew when a log is cut. When too many producers
 * are known, the one whose last batch is the oldest in the log is forgotten. I6: a producer that nothing is known of
 * has to begin at 0.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { ProducerId } from '../base/producer-ids.ts';
import { sequenceCount, type AssignedBatch, type ProducerFacts } from './partition-batch.ts';
import type { SequenceProblem } from './partition-effect.ts';

export interface RecentBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
}

/** As snapshots hold it. */
export interface ProducerState {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  /** The latest of this epoch, oldest first; never empty. */
  readonly batches: readonly RecentBatch[];
}

export type SequenceJudgement =
  | { readonly type: 'next' }
  | { readonly type: 'duplicate'; readonly batch: RecentBatch }
  | SequenceProblem;

export interface SequenceOptions {
  readonly producersMax: number;
  /** Batches that a retry is recognised by: as many as a producer may have under way. */
  readonly window: number;
  /** Sequences begin again at 0 after as many (I4). */
  readonly modulus: number;
}

const next: SequenceJudgement = { type: 'next' };

export class ProducerSequences {
  readonly #options: SequenceOptions;
  /** In the order of their last batches. */
  readonly #producers = new Map<ProducerId, ProducerState>();

  constructor(options: Partial<SequenceOptions>, states: readonly ProducerState[] = []) {
    this.#options = { producersMax: 10_000, window: 5, modulus: sequenceCount, ...options };
    for (const state of states) {
      assert(state.batches.length > 0, 'a producer is known by a batch', () => ({ ...state }));
      this.#producers.set(state.producerId, state);
    }
  }

  get count(): number {
    return this.#producers.size;
  }

  /** In the order of their last batches. */
  snapshot(): readonly ProducerState[] {
    return [...this.#producers.values()];
  }

  /**
   * What a log needs to know that begins at `start`, and is given the batches from there on: with them it comes to the
   * same as this. Who was deleted with the records may still retry.
   */
  snapshotBelow(start: Offset): readonly ProducerState[] {
    return [...this.#producers.values()].flatMap((state) => {
      const batches = state.batches.filter(({ nextOffset }) => nextOffset <= start);
      return batches.length === 0 ? [] : [{ ...state, batches }];
    });
  }

  /** Whoever is forgotten when one more becomes known; undefined while there is room. */
  nextForgotten(id: ProducerId): ProducerId | undefined {
    if (this.#producers.size < this.#options.producersMax || this.#producers.has(id)) return undefined;
    return this.#producers.keys().next().value;
  }

  judge(facts: ProducerFacts): SequenceJudgement {
    const known = this.#producers.get(facts.producerId);
    if (known === undefined) return facts.baseSequence === 0 ? next : { type: 'unknown-producer' };
    if (facts.producerEpoch < known.producerEpoch)
      return { type: 'fenced-producer-epoch', producerEpoch: known.producerEpoch };
    if (facts.producerEpoch > known.producerEpoch)
      return facts.baseSequence === 0 ? next : { type: 'out-of-order-sequence', expected: 0 };
    return this.#judgeWithin(known, facts);
  }

  /** A batch has its place in the log. */
  replay({ producer, baseOffset, nextOffset }: AssignedBatch): void {
    if (producer === undefined) return;
    const { producerId, producerEpoch, baseSequence, lastSequence } = producer;
    const known = this.#producers.get(producerId);
    const isSameEpoch = known?.producerEpoch === producerEpoch;
    const kept = isSameEpoch ? known.batches.slice(-(this.#options.window - 1)) : [];
    assert(baseOffset >= (kept.at(-1)?.nextOffset ?? 0), 'I3: batches are replayed in the order of the log', () => ({
      baseOffset,
      kept,
    }));
    const batches = [...(this.#options.window > 1 ? kept : []), { baseSequence, lastSequence, baseOffset, nextOffset }];
    // Deleted first, so that it comes last in the map's order.
    this.#producers.delete(producerId);
    this.#producers.set(producerId, { producerId, producerEpoch, batches });
    if (this.#producers.size <= this.#options.producersMax) return;
    const oldest = this.#producers.keys().next().value;
    assert(oldest !== undefined && oldest !== producerId, 'whoever just wrote is remembered', { producerId });
    this.#producers.delete(oldest);
  }

  #judgeWithin(known: ProducerState, facts: ProducerFacts): SequenceJudgement {
    const last = known.batches.at(-1);
    assert(last !== undefined, 'a producer is known by a batch', () => ({ ...known }));
    const expected = (last.lastSequence + 1) % this.#options.modulus;
    if (facts.baseSequence === expected) return next;
    const batch = known.batches.find(
      ({ baseSequence, lastSequence }) => baseSequence === facts.baseSequence && lastSequence === facts.lastSequence,
    );
    if (batch !== undefined) return { type: 'duplicate', batch };
    // All of it in the nearer half of the past: then it was appended, since nothing is appended out of order.
    const isPast = this.#isBefore(facts.baseSequence, expected) && this.#isBefore(facts.lastSequence, expected);
    return isPast ? { type: 'duplicate-sequence' } : { type: 'out-of-order-sequence', expected };
  }

  #isBefore(sequence: number, expected: number): boolean {
    const { modulus } = this.#options;
    const behind = (expected - sequence + modulus) % modulus;
    return behind > 0 && behind <= modulus / 2;
  }
}
