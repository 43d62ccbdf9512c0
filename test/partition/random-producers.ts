/**
 * Idempotent producers for random runs, who want every in-sync disk to hold what they write: up to five batches under way each, retried under their sequence numbers until
 * they are answered, as a client library would.
 */
import { expect } from 'vitest';
import type { RequestId } from '../../src/partition/partition-event.ts';
import type { PartitionEffect } from '../../src/partition/partition-effect.ts';
import { testBatch, textOf } from './test-batches.ts';
import { farMs, type TestCluster } from './test-cluster.ts';
import type { TestReplica } from './test-replica.ts';

interface SentBatch {
  readonly sequence: number;
  readonly text: string;
  readonly records: number;
  isDone: boolean;
  offset: number | undefined;
}

interface RandomProducer {
  readonly id: number;
  nextSequence: number;
  readonly batches: SentBatch[];
}

const underWayMax = 5;

export class RandomProducers {
  readonly #producers: readonly RandomProducer[];
  readonly #requests = new Map<RequestId, SentBatch>();
  readonly #below: (bound: number) => number;

  constructor(count: number, integerBelow: (bound: number) => number) {
    this.#below = integerBelow;
    this.#producers = Array.from({ length: count }, (_, at) => ({ id: 100 + at, nextSequence: 0, batches: [] }));
  }

  /** A new batch, or one that is not answered yet again. */
  send(cluster: TestCluster, to: TestReplica, deadlineMs: number): void {
    const producer = this.#producers[this.#below(this.#producers.length)];
    if (producer === undefined) return;
    const undone = producer.batches.filter(({ isDone }) => !isDone);
    const again = undone[this.#below(undone.length + 1)];
    if (again === undefined && undone.length >= underWayMax) return;
    this.#send(cluster, to, producer, again ?? this.#newBatch(producer), deadlineMs);
  }

  onEffect(effect: PartitionEffect): void {
    if (effect.type !== 'produce-done') return;
    const batch = this.#requests.get(effect.requestId);
    if (batch === undefined) return;
    if (batch.offset !== undefined) expect(effect.baseOffset, 'I2: a retry gets the first offset').toBe(batch.offset);
    batch.isDone = true;
    batch.offset = effect.baseOffset;
  }

  /** Everything that is left, in order. */
  finish(cluster: TestCluster, to: TestReplica): void {
    for (const producer of this.#producers) {
      for (const batch of producer.batches) {
        if (!batch.isDone) this.#send(cluster, to, producer, batch, farMs);
      }
    }
  }

  /** I1, P18: every batch once, in the order of the sequence numbers. */
  check(committed: readonly { readonly ownedBytes: Uint8Array }[]): void {
    const texts = committed.map(({ ownedBytes }) => textOf(ownedBytes).split('/')[0] ?? '');
    for (const { id, batches } of this.#producers) {
      const held = texts.filter((text) => text.startsWith(`p${id}-`));
      expect(held).toEqual(batches.map(({ text }) => text));
    }
  }

  #newBatch(producer: RandomProducer): SentBatch {
    const sequence = producer.nextSequence;
    const records = 1 + this.#below(3);
    const batch = { sequence, text: `p${producer.id}-${sequence}`, records, isDone: false, offset: undefined };
    producer.nextSequence += records;
    producer.batches.push(batch);
    return batch;
  }

  #send(cluster: TestCluster, to: TestReplica, producer: RandomProducer, batch: SentBatch, deadlineMs: number): void {
    const bytes = testBatch(batch.text, { id: producer.id, sequence: batch.sequence }, batch.records);
    const requestId = cluster.nextRequestId;
    this.#requests.set(requestId, batch);
    cluster.produce(to, bytes, { acks: 'all', deadlineMs });
  }
}
