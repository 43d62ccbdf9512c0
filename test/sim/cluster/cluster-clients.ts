/**
 * Producers and consumers of a simulated cluster, which write down what they asked and were told. They stand outside of the
 * machines: they see the newest metadata that any broker has, and come through the doors of partitions.
 */
import { assert } from '../../../src/base/assert.ts';
import { offset, type Offset } from '../../../src/base/offsets.ts';
import { producerId } from '../../../src/base/producer-ids.ts';
import type { BrokerId } from '../../../src/base/ids.ts';
import type { PartitionDoor, ProduceEnd } from '../../../src/broker/partition-door.ts';
import type { PartitionKey } from '../../../src/broker/partition-key.ts';
import { sequenceCount } from '../../../src/partition/partition-batch.ts';
import type { Acks } from '../../../src/partition/partition-event.ts';
import { BatchEncoder } from '../../../src/record/batch-encoder.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';
import type { HistoryAcks, HistoryLine, LocatedValue } from '../../../src/testing/log-history.ts';
import { valuesOf, type PollEnding, type SendEnding } from '../../testing/history-client.ts';
import type { BrokerUnderTest } from './broker-under-test.ts';

/** What all clients share. */
export interface ClientWorld {
  readonly world: SimulatedWorld;
  readonly random: SimulatedRandom;
  readonly brokers: readonly BrokerUnderTest[];
  readonly write: (line: HistoryLine) => void;
  readonly leaderOf: (key: PartitionKey) => BrokerId | undefined;
  /** Ids of producers are given out once. */
  readonly nextProducerId: () => number;
}

export const topic = 'orders';
const waitMs = 2_000;
const retryMs = 100;
const attemptsMax = 40;
const encoder = new BatchEncoder({ batchBytesTarget: 16_384, batchBytesMax: 65_536 });

interface Send {
  readonly key: PartitionKey;
  readonly value: string;
  readonly batch: () => Uint8Array;
  /** An attempt may have been carried out. */
  mayBeDone: boolean;
  attempts: number;
}

export class ClusterProducer {
  readonly number: number;
  readonly acks: Acks;
  readonly isIdempotent: boolean;
  readonly #shared: ClientWorld;
  #id: number;
  readonly #sequences = new Map<number, number>();
  #sending: Send | undefined;
  #values = 0;

  constructor(shared: ClientWorld, options: { number: number; acks: Acks; isIdempotent: boolean }) {
    this.#shared = shared;
    this.number = options.number;
    this.acks = options.acks;
    this.isIdempotent = options.isIdempotent;
    this.#id = shared.nextProducerId();
  }

  get isBusy(): boolean {
    return this.#sending !== undefined;
  }

  send(key: PartitionKey): void {
    if (this.#sending !== undefined) return;
    this.#values += 1;
    const value = `p${this.number}-${this.#values}`;
    const sequence = this.#sequences.get(key.partition) ?? 0;
    const producer = { id: producerId(this.#id), epoch: 0, baseSequence: sequence };
    // Each attempt has bytes of its own: the leader stamps them.
    const batch = (): Uint8Array => {
      encoder.append({ key: null, value, timestampMs: 1_700_000_000_000 + Math.floor(this.#shared.world.nowMs) });
      return encoder.finishOwned(this.isIdempotent ? { producer } : {});
    };
    this.#sending = { key, value, batch, mayBeDone: false, attempts: 0 };
    const terms = { acks: this.acks satisfies HistoryAcks, idempotent: this.isIdempotent };
    this.#write(key, { type: 'invoke', value, ...terms });
    this.#attempt(this.#sending);
  }

  #attempt(send: Send): void {
    if (send.attempts === attemptsMax) return this.#giveUp(send, 'no attempt was answered');
    send.attempts += 1;
    const { leaderOf, brokers, world } = this.#shared;
    const leader = brokers.find(({ id }) => id === leaderOf(send.key));
    const door = doorOf(leader, send.key);
    if (leader === undefined || door === undefined) return this.#again(send);
    let isEnded = false;
    const onEnd = (end: ProduceEnd | undefined): void => {
      if (isEnded) return;
      isEnded = true;
      this.#onEnd(send, end);
    };
    const { process } = leader;
    const start = process.starts;
    // An answer that does not come is one that may have been yes.
    world.scheduler.after(2 * waitMs, () => onEnd(undefined));
    process.run(() => {
      const asked = { acks: this.acks, ownedBatch: send.batch(), leaderEpoch: undefined };
      const deadlineMs = leader.life?.ports.clock.monotonicMs() ?? 0;
      door.produce({ ...asked, deadlineMs: deadlineMs + waitMs }, (end) => {
        if (process.starts === start) onEnd(end);
      });
    });
    return undefined;
  }

  #onEnd(send: Send, end: ProduceEnd | undefined): void {
    const { reached } = this.#shared.world;
    reached.count(`cluster: produce ${end === undefined ? 'unanswered' : end.type}`);
    if (end?.type === 'done') {
      const { baseOffset } = end;
      const value = baseOffset === undefined ? send.value : ([baseOffset, send.value] as const);
      this.#sequences.set(send.key.partition, ((this.#sequences.get(send.key.partition) ?? 0) + 1) % sequenceCount);
      this.#sending = undefined;
      this.#write(send.key, { type: 'ok', value });
      return;
    }
    if (end?.type !== 'refused') send.mayBeDone = true;
    if (send.mayBeDone && !this.isIdempotent) this.#giveUp(send, 'nobody knows');
    else if (end?.type === 'refused' && !passesByItself(end.problem.type)) this.#giveUp(send, end.problem.type);
    else this.#again(send);
  }

  #again(send: Send): void {
    this.#shared.world.scheduler.after(retryMs, () => this.#attempt(send));
  }

  #giveUp(send: Send, error: string): void {
    this.#sending = undefined;
    this.#write(send.key, { type: send.mayBeDone ? 'info' : 'fail', value: send.value, error });
    // What is next in its sequence is not known any more.
    if (!send.mayBeDone) return;
    this.#id = this.#shared.nextProducerId();
    this.#sequences.clear();
  }

  #write({ partition }: PartitionKey, ending: SendEnding): void {
    const { world, write } = this.#shared;
    write({ t: Math.floor(world.nowMs), process: this.number, f: 'send', topic, partition, ...ending });
  }
}

function passesByItself(problem: string): boolean {
  return !['out-of-order-sequence', 'unknown-producer', 'stale-producer-epoch'].includes(problem);
}

/** Reads one partition from its start, over and over, from its leader or from whoever follows. */
export class ClusterConsumer {
  readonly number: number;
  readonly key: PartitionKey;
  readonly #shared: ClientWorld;
  #next: Offset = offset(0);
  #isPolling = false;
  #isAssigned = false;
  /** How far consumers may read, as the latest answer of a leader said. */
  watermark: Offset | undefined;

  constructor(shared: ClientWorld, number: number, key: PartitionKey) {
    this.#shared = shared;
    this.number = number;
    this.key = key;
  }

  get next(): Offset {
    return this.#next;
  }

  poll(mayFollow: boolean): void {
    if (this.#isPolling) return;
    const { brokers, leaderOf, random, world } = this.#shared;
    const broker = mayFollow ? random.pick(brokers) : brokers.find(({ id }) => id === leaderOf(this.key));
    const door = doorOf(broker, this.key);
    if (broker === undefined || door === undefined) return;
    if (!this.#isAssigned) this.#assign();
    this.#isPolling = true;
    this.#write({ type: 'invoke' });
    let isEnded = false;
    const end = (values: readonly LocatedValue[] | undefined): void => {
      if (isEnded) return;
      isEnded = true;
      this.#isPolling = false;
      world.reached.count(values === undefined ? 'cluster: poll failed' : 'cluster: poll done');
      if (values === undefined) this.#write({ type: 'fail' });
      else this.#write({ type: 'ok', topic, partition: this.key.partition, value: values });
    };
    world.scheduler.after(2 * waitMs, () => end(undefined));
    broker.process.run(() => {
      const deadlineMs = (broker.life?.ports.clock.monotonicMs() ?? 0) + waitMs / 4;
      const asked = { from: this.#next, bytesMin: 1, bytesMax: 8192, mayFollow, leaderEpoch: undefined, deadlineMs };
      void door.fetch(asked).end.then((fetched) => {
        if (isEnded) return;
        if (fetched.type !== 'read') return end(undefined);
        const values = valuesOf(fetched.ownedBytes, this.#next);
        if (mayFollow && values.length > 0 && broker.id !== leaderOf(this.key))
          world.reached.count('cluster: read from a follower');
        if (!mayFollow) this.watermark = fetched.watermark;
        assert(fetched.next >= this.#next, 'a fetch goes on behind what it read', () => ({ next: fetched.next }));
        this.#next = fetched.next;
        end(values);
      });
    });
  }

  #assign(): void {
    this.#isAssigned = true;
    const { world, write } = this.#shared;
    const value = [{ topic, partition: this.key.partition, offset: 0 }];
    write({ t: Math.floor(world.nowMs), process: this.number, f: 'assign', type: 'ok', value });
  }

  #write(ending: PollEnding): void {
    const { world, write } = this.#shared;
    write({ t: Math.floor(world.nowMs), process: this.number, f: 'poll', ...ending });
  }
}

function doorOf(broker: BrokerUnderTest | undefined, key: PartitionKey): PartitionDoor | undefined {
  const found = broker?.life?.host?.find(key);
  return found === undefined || 'type' in found ? undefined : found;
}
