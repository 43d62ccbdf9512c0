/**
 * Records through whole nodes on simulated machines: in by one call, out by another, and there after a power cut.
 */
import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { offset } from '../../src/base/offsets.ts';
import { assignedBatch } from '../../src/partition/partition-batch.ts';
import { batchHeaderBytes } from '../../src/record/batch-layout.ts';
import { splitBatches } from '../../src/record/split-batches.ts';
import {
  fetchCallCodec,
  fetchReplyCodec,
  initProducerReplyCodec,
  initProducerRequestCodec,
  listOffsetsCallCodec,
  listOffsetsReplyCodec,
} from '../../src/wire/produce-fetch-messages.ts';
import type { PartReply, ProducedReply } from '../../src/wire/produce-fetch-values.ts';
import { testBatch, textOf } from '../partition/test-batches.ts';
import { resealed } from '../record/batch-fixture.ts';
import { LogCluster, produceCodecs } from './log-cluster.ts';

test('a record that is acknowledged is read from its broker, byte for byte, also after a power cut', async () => {
  const log = await new LogCluster(1).start();
  const batch = testBatch('first');
  const sent = Uint8Array.from(batch.ownedBytes);
  expect(await log.produce(2, 1, batch)).toMatchObject({ problem: undefined, baseOffset: 0, logStart: 0 });
  const read = await log.fetch(2, 1, 0);
  expect(read).toMatchObject({ problem: undefined, next: 1, watermark: 1, lastStable: 1, logStart: 0 });
  expect(read.ownedBatches?.subarray(16)).toEqual(sent.subarray(16));

  log.whole.nodes[1]?.powerCut();
  await log.whole.run(500);
  log.whole.nodes[1]?.start();
  let again: readonly string[] = [];
  for (let tries = 0; tries < 100 && again.length === 0; tries += 1) {
    await log.whole.run(100);
    const partitions = [{ ...log.place(1), from: offset(0), bytesMax: undefined }];
    const call = { maxWaitMs: 0, bytesMin: 1, bytesMax: undefined, mayFollow: false, partitions };
    const answer = await log.whole.ask(2, 'odradek.v1.LogService/Fetch', fetchCallCodec.encode(call));
    const reply = answer.ok ? fetchReplyCodec.decode(answer.value) : answer;
    if (reply.ok) again = splitBatches(reply.value[0]?.ownedBatches ?? new Uint8Array(0)).map(textOf);
  }
  expect(again).toEqual(['first']);
});

test('garbage inside a valid checksum is taken and given out as it is: no broker looks at records', async () => {
  const log = await new LogCluster(9, [[1, 2, 3]]).start();
  const garbage = testBatch('garbage');
  garbage.ownedBytes.fill(0xff, batchHeaderBytes);
  const sent = Uint8Array.from(resealed(garbage.ownedBytes));
  expect(await log.produce(1, 0, { ...garbage, ownedBytes: Uint8Array.from(sent) })).toMatchObject({ baseOffset: 0 });
  expect(await log.produce(1, 0, testBatch('after'))).toMatchObject({ problem: undefined, baseOffset: 1 });
  const read = await log.fetch(1, 0, 0);
  expect(read).toMatchObject({ problem: undefined, next: 2 });
  expect(read.ownedBatches?.subarray(16, sent.length)).toEqual(sent.subarray(16));
});

test('who asks another broker is told who leads, and where', async () => {
  const log = await new LogCluster(2).start();
  const { problem } = await log.produce(1, 2);
  expect(problem).toMatchObject({ error: 'not-leader', leader: { brokerId: 3 } });
  expect(problem?.leader?.endpoint).toContain(':');
  expect((await log.fetch(1, 2, 0)).problem).toMatchObject({ error: 'not-leader', leader: { brokerId: 3 } });
  expect((await log.fetch(3, 2, 0)).problem).toBe(undefined);
});

test('one call writes to many partitions, and each is answered for itself', async () => {
  const log = await new LogCluster(3).start();
  const partitions = [0, 1, 9].map((partition) => {
    return { ...log.place(partition), ownedBatch: testBatch(`to ${partition}`).ownedBytes };
  });
  const results: readonly PartReply<ProducedReply>[] = await log.whole.call(1, 'LogService/Produce', produceCodecs, {
    acks: 'all',
    timeoutMs: undefined,
    partitions,
  });
  expect(results.map(({ partition, problem }) => [partition, problem?.error])).toEqual([
    [0, undefined],
    [1, 'not-leader'],
    [9, 'unknown-topic'],
  ]);
});

test('a reader at the end waits for the next record, and no longer than it asked for', async () => {
  const log = await new LogCluster(4).start();
  await log.produce(1, 0, testBatch('a'));
  const read: string[] = [];
  const partitions = [{ ...log.place(0), from: offset(1), bytesMax: undefined }];
  const request = fetchCallCodec.encode({
    maxWaitMs: 5_000,
    bytesMin: 1,
    bytesMax: undefined,
    mayFollow: false,
    partitions,
  });
  log.whole.begin({ id: 1, method: 'odradek.v1.LogService/Fetch', request, deadlineMs: 8_000 }, (outcome) => {
    const reply = outcome.ok ? fetchReplyCodec.decode(outcome.value) : outcome;
    assert(reply.ok, 'the fetch is answered', { reply });
    read.push(...splitBatches(reply.value[0]?.ownedBatches ?? new Uint8Array(0)).map(textOf));
  });
  await log.whole.run(300);
  expect(read).toEqual([]);
  await log.produce(1, 0, testBatch('b'));
  await log.whole.run(50);
  expect(read).toEqual(['b']);
  const beforeMs = log.whole.simulation.world.nowMs;
  expect(await log.fetch(1, 0, 2, 400)).toMatchObject({ problem: undefined, next: 2, watermark: 2 });
  expect(log.whole.simulation.world.nowMs - beforeMs).toBeGreaterThanOrEqual(400);
  expect((await log.fetch(1, 0, 7)).problem).toMatchObject({ error: 'offset-out-of-range' });
});

test('every thing that can be wrong with a batch has its own answer, and nothing of it is written', async () => {
  const log = await new LogCluster(5).start();
  const spoiled = (change: (bytes: Uint8Array) => Uint8Array) => {
    const batch = testBatch('some text');
    return { ...batch, ownedBytes: change(batch.ownedBytes) };
  };
  const errors: (string | undefined)[] = [];
  for (const change of [
    (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1),
    (bytes: Uint8Array) => bytes.subarray(0, 20),
    (bytes: Uint8Array) => bytes.fill(1, 16, 17),
    (bytes: Uint8Array) => bytes.fill(9, 70, 71),
    () => new Uint8Array(0),
  ])
    errors.push((await log.produce(1, 0, spoiled(change))).problem?.error);
  expect(errors).toEqual(Array.from({ length: 5 }, () => 'corrupt-batch'));
  const strange = testBatch('from a stranger', { id: 5, sequence: 0 });
  expect((await log.produce(1, 0, strange)).problem).toMatchObject({ error: 'unknown-producer' });
  expect(await log.texts(1, 0)).toEqual([]);
});

test('a producer with an id of this cluster is acknowledged once for each batch, however often it sends it', async () => {
  const log = await new LogCluster(6).start();
  const init = [initProducerRequestCodec, initProducerReplyCodec] as const;
  const { producerId: id } = await log.whole.call(1, 'LogService/InitProducer', init, {});
  const { producerId: other } = await log.whole.call(2, 'LogService/InitProducer', init, {});
  expect(other).not.toBe(id);
  for (const sequence of [0, 0, 1, 0, 1])
    expect(await log.produce(1, 0, testBatch(`s${sequence}`, { id, sequence }))).toMatchObject({
      baseOffset: sequence,
    });
  expect(await log.texts(1, 0)).toEqual(['s0', 's1']);
  expect((await log.produce(1, 0, testBatch('gap', { id, sequence: 5 }))).problem).toMatchObject({
    error: 'out-of-order-sequence',
  });
});

test('offsets are listed by place and by time', async () => {
  const log = await new LogCluster(7).start();
  for (const text of ['a', 'b']) await log.produce(1, 0, testBatch(text));
  const list = async (wanted: Parameters<typeof listOffsetsCallCodec.encode>[0]['partitions'][number]['wanted']) => {
    const codecs = [listOffsetsCallCodec, listOffsetsReplyCodec] as const;
    const [result] = await log.whole.call(1, 'LogService/ListOffsets', codecs, {
      partitions: [{ ...log.place(0), wanted }],
    });
    return [result?.offset, result?.timestampMs];
  };
  expect(await list({ type: 'earliest' })).toEqual([0, undefined]);
  expect(await list({ type: 'latest' })).toEqual([2, undefined]);
  expect(await list({ type: 'at-time', timestampMs: 1 })).toEqual([0, 1]);
  expect(await list({ type: 'at-time', timestampMs: 2 })).toEqual([undefined, undefined]);
  const { ownedBatches } = await log.fetch(1, 0, 0);
  expect(splitBatches(ownedBatches ?? new Uint8Array(0)).map((bytes) => assignedBatch(bytes).baseOffset)).toEqual([
    0, 1,
  ]);
});

test('P1: what three replicas acknowledged is there when the leader loses power, and writing goes on within seconds', async () => {
  const log = await new LogCluster(8, [[1, 2, 3]]).start();
  const sent = Array.from({ length: 20 }, (_, at) => `r${at}`);
  for (const text of sent) expect(await log.produce(1, 0, testBatch(text))).toMatchObject({ problem: undefined });
  log.whole.nodes[0]?.powerCut();
  const beforeMs = log.whole.simulation.world.nowMs;
  let leader: number | undefined;
  while (leader === undefined) {
    for (const node of [2, 3]) {
      const reply = await log.tryProduce(node, 0, testBatch('after'));
      if (reply !== undefined && reply.problem === undefined) leader ??= node;
    }
    await log.whole.run(50);
    expect(log.whole.simulation.world.nowMs - beforeMs).toBeLessThan(30_000);
  }
  process.stdout.write(`writable again after ${Math.round(log.whole.simulation.world.nowMs - beforeMs)} virtual ms\n`);
  const texts = await log.texts(leader, 0);
  expect(texts.slice(0, 20)).toEqual(sent);
  expect(new Set(texts.slice(20))).toEqual(new Set(['after']));

  log.whole.nodes[0]?.start();
  await log.whole.run(15_000);
  // It is preferred, so it leads again once it has everything.
  expect((await log.tryProduce(leader, 0))?.problem).toMatchObject({ error: 'not-leader', leader: { brokerId: 1 } });
  expect((await log.fetch(1, 0, 0)).watermark).toBe(texts.length);
});
