/**
 * Idempotent producers: which batch is new, which is a retry, and who may begin.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset, offsetAfter } from '../../src/base/offsets.ts';
import { producerId } from '../../src/base/producer-ids.ts';
import type { AssignedBatch, ProducerFacts } from '../../src/partition/partition-batch.ts';
import { ProducerSequences } from '../../src/partition/producer-sequences.ts';
import { testBatch } from './test-batches.ts';
import { TestCluster } from './test-cluster.ts';

const modulus = 16;

function facts(base: number, count = 1, epoch = 0, id = 7): ProducerFacts {
  const lastSequence = (base + count - 1) % modulus;
  return { producerId: producerId(id), producerEpoch: epoch, baseSequence: base % modulus, lastSequence };
}

/** Judges, and appends what comes next, each batch with the number of its records. */
class Log {
  readonly batches: AssignedBatch[] = [];
  readonly sequences: ProducerSequences;

  constructor(producersMax = 100) {
    this.sequences = new ProducerSequences({ modulus, producersMax });
  }

  offer(producer: ProducerFacts): string | number {
    const judged = this.sequences.judge(producer);
    if (judged.type === 'duplicate') return judged.batch.baseOffset;
    if (judged.type !== 'next') return judged.type;
    const baseOffset = this.batches.at(-1)?.nextOffset ?? offset(0);
    const count = ((producer.lastSequence - producer.baseSequence + modulus) % modulus) + 1;
    const rest = { leaderEpoch: leaderEpoch(0), maxTimestampMs: 0, ownedBytes: new Uint8Array() };
    const batch = { ...rest, baseOffset, nextOffset: offsetAfter(baseOffset, count), producer };
    this.batches.push(batch);
    this.sequences.replay(batch);
    return 'appended';
  }
}

test('I6: a producer that nothing is known of begins at 0', () => {
  const log = new Log();
  expect(log.offer(facts(3))).toBe('unknown-producer');
  expect(log.offer(facts(0))).toBe('appended');
});

test('I2: a retry of one of the latest five batches gets the first offset, an older one is told that it is old', () => {
  const log = new Log();
  for (let at = 0; at < 6; at += 1) expect(log.offer(facts(at))).toBe('appended');
  expect([1, 2, 3, 4, 5].map((at) => log.offer(facts(at)))).toEqual([1, 2, 3, 4, 5]);
  expect(log.offer(facts(0))).toBe('duplicate-sequence');
  expect(log.batches).toHaveLength(6);
});

test('I2: a batch that leaves a gap, or that overlaps what is there, is refused', () => {
  const log = new Log();
  log.offer(facts(0, 3));
  expect(log.offer(facts(4))).toBe('out-of-order-sequence');
  expect(log.offer(facts(2, 3))).toBe('out-of-order-sequence');
  expect(log.offer(facts(0, 2))).toBe('duplicate-sequence');
  expect(log.offer(facts(3))).toBe('appended');
});

test('I4: sequences begin again at 0, within a batch as well', () => {
  const log = new Log();
  for (let base = 0; base < 64; base += 3) expect(log.offer(facts(base, 3))).toBe('appended');
  expect(log.offer(facts(63, 3))).toBe(63);
  expect(log.offer(facts(60, 3))).toBe(60);
  expect(log.offer(facts(67, 2))).toBe('out-of-order-sequence');
  expect(log.offer(facts(66, 3))).toBe('appended');
});

test('a later epoch begins at 0 and shuts the earlier one out', () => {
  const log = new Log();
  log.offer(facts(0));
  log.offer(facts(1));
  expect(log.offer(facts(2, 1, 1))).toBe('out-of-order-sequence');
  expect(log.offer(facts(0, 1, 1))).toBe('appended');
  expect(log.offer(facts(2, 1, 0))).toBe('fenced-producer-epoch');
  expect(log.offer(facts(0, 1, 1))).toBe(2);
});

test('I3: replayed from a snapshot and the rest, or from the beginning, is the same', () => {
  const log = new Log(3);
  for (let at = 0; at < 60; at += 1) log.offer(facts(Math.floor(at / 5), 1, 0, (at * 3) % 5));
  expect(log.batches.length).toBeGreaterThan(20);
  for (let cut = 0; cut <= log.batches.length; cut += 1) {
    const first = new ProducerSequences({ modulus, producersMax: 3 });
    for (const batch of log.batches.slice(0, cut)) first.replay(batch);
    const second = new ProducerSequences({ modulus, producersMax: 3 }, first.snapshot());
    for (const batch of log.batches.slice(cut)) second.replay(batch);
    expect(second.snapshot()).toEqual(log.sequences.snapshot());
  }
});

test('I3: what is handed on with a log that begins later comes to the same', () => {
  const log = new Log();
  for (let at = 0; at < 60; at += 1) log.offer(facts(Math.floor(at / 5), 1, 0, (at * 3) % 5));
  for (const { baseOffset } of log.batches) {
    const handedOn = new ProducerSequences({ modulus }, log.sequences.snapshotBelow(baseOffset));
    for (const batch of log.batches) if (batch.baseOffset >= baseOffset) handedOn.replay(batch);
    expect(handedOn.snapshot()).toEqual(log.sequences.snapshot());
  }
});

const producer = (sequence: number): { id: number; sequence: number } => ({ id: 9, sequence });

test('I2: a duplicate is answered when its original is, and not before', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  const leader = cluster.leader();
  const first = cluster.produce(leader, testBatch('once', producer(0)));
  const again = cluster.produce(leader, testBatch('once', producer(0)));
  expect([leader.answerTo(first), leader.answerTo(again)]).toEqual([undefined, undefined]);
  expect(leader.view.assigned).toBe(1);
  cluster.deliverAll();
  expect([leader.answerTo(first), leader.answerTo(again)]).toMatchObject([{ baseOffset: 0 }, { baseOffset: 0 }]);
});

test('P17: a duplicate is never told that it was not appended', () => {
  const cluster = TestCluster.settled({ replicas: 2, limits: { producesWaitingMax: 1 } });
  const leader = cluster.leader();
  cluster.produce(leader, testBatch('once', producer(0)));
  const crowded = cluster.produce(leader, testBatch('once', producer(0)));
  expect(leader.answerTo(crowded)).toMatchObject({ type: 'produce-outcome-unknown', why: 'limit-reached' });
  cluster.crash(cluster.replica(2));
  cluster.fence(cluster.replica(2));
  leader.tick(1);
  expect(leader.effectsOf('produce-refused')).toEqual([]);
});

test('I1: a retry after a change of the leader is recognised there', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  for (const at of [0, 1, 2]) cluster.produce(cluster.leader(), testBatch(`batch-${at}`, producer(at)));
  cluster.deliverAll();
  const leader = cluster.moveLeader(2);
  cluster.deliverAll();
  const ids = [0, 1, 2, 3].map((at) => cluster.produce(leader, testBatch(`batch-${at}`, producer(at))));
  cluster.deliverAll();
  expect(ids.map((id) => leader.answerTo(id))).toMatchObject([0, 1, 2, 3].map((baseOffset) => ({ baseOffset })));
});

test('I3: what is cut from a log was never sent', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.produce(cluster.leader(), testBatch('kept', producer(0)));
  cluster.deliverAll();
  cluster.isolate(1);
  cluster.produce(cluster.replica(1), testBatch('cut', producer(1)), { deadlineMs: 100 });
  cluster.moveLeader(2);
  cluster.heal();
  cluster.run(2000);
  const leader = cluster.moveLeader(1);
  cluster.deliverAll();
  const requestId = cluster.produce(leader, testBatch('cut', producer(1)));
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-done', baseOffset: 1 });
});

test('I1: a retry is recognised by a replica that never held the batch, because it was deleted before', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  cluster.produce(cluster.leader(), testBatch('deleted', producer(0)));
  cluster.run(10_500);
  for (let at = 0; at < 8; at += 1) cluster.write(`filler ${at}`);
  cluster.deleteRecords(cluster.leader(), offset(6));
  cluster.run(500);
  cluster.heal();
  cluster.run(2000);
  expect(cluster.replica(3).effectsOf('reset')).toHaveLength(1);
  const leader = cluster.moveLeader(3);
  cluster.deliverAll();
  const requestId = cluster.produce(leader, testBatch('deleted', producer(0)));
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-done', baseOffset: 0 });
});

test('I6: nobody is forgotten who may still retry; a new producer is refused instead', () => {
  const cluster = TestCluster.settled({
    replicas: 1,
    inSyncMin: 1,
    limits: { producersMax: 2, producerQuietMsMin: 1000 },
  });
  const leader = cluster.leader();
  const of = (id: number): ReturnType<typeof testBatch> => testBatch(`of-${id}`, { id, sequence: 0 });
  cluster.produce(leader, of(1));
  cluster.run(600);
  cluster.produce(leader, of(2));
  const early = cluster.produce(leader, of(3));
  expect(leader.answerTo(early)).toMatchObject({ problem: { type: 'limit-reached', limit: 'producersMax' } });
  cluster.run(500);
  const later = cluster.produce(leader, of(3));
  expect(leader.answerTo(later)).toMatchObject({ type: 'produce-done' });
  expect(leader.view.producers.map((state) => state.producerId)).toEqual([2, 3]);
});
