/**
 * ProduceStream and FetchStream through whole nodes on simulated machines.
 */
import { describe, expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { offset } from '../../src/base/offsets.ts';
import { splitBatches } from '../../src/record/split-batches.ts';
import {
  fetchStreamCallCodec,
  fetchStreamReplyCodec,
  produceStreamCallCodec,
  produceStreamReplyCodec,
} from '../../src/wire/produce-fetch-messages.ts';
import type { ProduceCall } from '../../src/wire/produce-fetch-values.ts';
import { testBatch, textOf } from '../partition/test-batches.ts';
import { LogCluster } from './log-cluster.ts';
import type { CallerStream } from './whole-cluster.ts';

class Producing {
  readonly caller: CallerStream;
  readonly #log: LogCluster;
  #requests = 0;

  constructor(log: LogCluster, node: number) {
    this.#log = log;
    this.caller = log.whole.open(node, 'odradek.v1.LogService/ProduceStream');
  }

  send(partition: number, text: string, acks: ProduceCall['acks'] = 'all'): number {
    const number = (this.#requests += 1);
    const partitions = [{ ...this.#log.place(partition), ownedBatch: testBatch(text).ownedBytes }];
    this.caller.stream.send([produceStreamCallCodec.encode({ number, acks, timeoutMs: undefined, partitions })]);
    return number;
  }

  get answers() {
    return this.caller.messages.map((bytes) => {
      const answer = produceStreamReplyCodec.decode(bytes);
      assert(answer.ok, 'an answer can be read', { answer });
      return answer.value;
    });
  }

  async untilAnswered(count: number): Promise<void> {
    await this.#log.whole.run(10_000, () => this.caller.messages.length >= count);
    expect(this.caller.messages).toHaveLength(count);
  }
}

class Fetching {
  readonly caller: CallerStream;
  readonly #log: LogCluster;

  constructor(log: LogCluster, node: number) {
    this.#log = log;
    this.caller = log.whole.open(node, 'odradek.v1.LogService/FetchStream');
  }

  subscribe(subscription: number, partition: number, from: number, mayFollow = false): void {
    const subscribe = [
      { ...this.#log.place(partition), subscription, mayFollow, from: offset(from), bytesMax: undefined },
    ];
    this.caller.stream.send([fetchStreamCallCodec.encode({ subscribe, unsubscribe: [] })]);
  }

  unsubscribe(partition: number): void {
    const { topicId } = this.#log.place(partition);
    this.caller.stream.send([fetchStreamCallCodec.encode({ subscribe: [], unsubscribe: [{ topicId, partition }] })]);
  }

  get replies() {
    return this.caller.messages.map((bytes) => {
      const reply = fetchStreamReplyCodec.decode(bytes);
      assert(reply.ok, 'a reply can be read', { reply });
      return reply.value;
    });
  }

  textsOf(subscription: number): readonly string[] {
    return this.replies
      .filter((reply) => reply.subscription === subscription)
      .flatMap(({ result }) => splitBatches(result.ownedBatches ?? new Uint8Array(0)).map(textOf));
  }

  problemOf(subscription: number) {
    return this.replies.find((reply) => reply.subscription === subscription && reply.result.problem !== undefined)
      ?.result.problem;
  }

  async until(what: () => boolean): Promise<void> {
    await this.#log.whole.run(10_000, what);
    expect(what()).toBe(true);
  }
}

const replicated = [[1, 2, 3]];

describe('ProduceStream', () => {
  test('answers each request when its batches are acknowledged, and keeps their order', async () => {
    const log = await new LogCluster(21, replicated).start();
    const producing = new Producing(log, 1);
    for (let at = 0; at < 20; at += 1) producing.send(0, `record-${at}`);
    await producing.untilAnswered(20);
    expect(producing.answers.map(({ number, results }) => [number, results[0]?.baseOffset])).toEqual(
      Array.from({ length: 20 }, (_, at) => [at + 1, at]),
    );
    expect(await log.texts(1, 0)).toEqual(Array.from({ length: 20 }, (_, at) => `record-${at}`));
    producing.caller.stream.end();
    await log.whole.run(1_000, () => producing.caller.status !== undefined);
    expect(producing.caller.status).toMatchObject({ name: 'ok' });
  });

  test('a batch that is refused ends neither the stream nor the others', async () => {
    const log = await new LogCluster(22).start();
    const producing = new Producing(log, 1);
    producing.send(0, 'first');
    producing.send(1, 'led elsewhere');
    producing.send(0, 'second', 'none');
    await producing.untilAnswered(3);
    const byNumber = new Map(producing.answers.map(({ number, results }) => [number, results[0]]));
    expect(byNumber.get(1)).toMatchObject({ problem: undefined, baseOffset: 0 });
    expect(byNumber.get(2)).toMatchObject({ problem: { error: 'not-leader', leader: { brokerId: 2 } } });
    expect(byNumber.get(3)).toMatchObject({ problem: undefined });
    await log.whole.run(100);
    expect(await log.texts(1, 0)).toEqual(['first', 'second']);
  });

  test('requests that are under way when the caller ends its half are answered', async () => {
    const log = await new LogCluster(25, replicated).start();
    const producing = new Producing(log, 1);
    producing.send(0, 'first');
    producing.send(0, 'second');
    producing.caller.stream.end();
    await log.whole.run(5_000, () => producing.caller.status !== undefined);
    expect(producing.caller.status).toMatchObject({ name: 'ok' });
    expect(producing.answers.map(({ number }) => number)).toEqual([1, 2]);
  });

  test('what cannot be read ends the stream with the reason', async () => {
    const log = await new LogCluster(23).start();
    const producing = new Producing(log, 1);
    producing.caller.stream.send([Uint8Array.of(0xff, 0xff)]);
    await log.whole.run(1_000, () => producing.caller.status !== undefined);
    expect(producing.caller.status).toMatchObject({ name: 'invalid-argument' });
  });

  test('a leader that hands over says who leads, and the next one takes the batch', async () => {
    const log = await new LogCluster(24, replicated).start();
    const before = new Producing(log, 1);
    before.send(0, 'first');
    await before.untilAnswered(1);
    void log.whole.running[0]?.stop(2_000);
    let leader: number | undefined;
    for (let sent = 2; leader === undefined && before.caller.status === undefined && sent < 200; sent += 1) {
      before.send(0, 'probe', 'none');
      before.send(0, 'again');
      await log.whole.run(20);
      leader = before.answers.flatMap(({ results }) => results).find(({ problem }) => problem?.error === 'not-leader')
        ?.problem?.leader?.brokerId;
    }
    expect([2, 3]).toContain(leader);
    const after = new Producing(log, leader ?? 0);
    after.send(0, 'follows');
    await after.untilAnswered(1);
    expect(after.answers[0]?.results[0]).toMatchObject({ problem: undefined });
    await log.whole.run(3_000, () => before.caller.status !== undefined);
    expect(before.caller.status?.message).toContain('this node is stopping');
  });
});

describe('FetchStream', () => {
  test('sends what there is, and then what comes, in the order of the log', async () => {
    const log = await new LogCluster(31, replicated).start();
    for (const text of ['a', 'b', 'c']) await log.produce(1, 0, testBatch(text));
    const fetching = new Fetching(log, 1);
    fetching.subscribe(7, 0, 1);
    await fetching.until(() => fetching.textsOf(7).length === 2);
    expect(fetching.textsOf(7)).toEqual(['b', 'c']);
    const { length } = fetching.replies;
    await log.whole.run(60_000);
    expect(fetching.replies).toHaveLength(length);
    await log.produce(1, 0, testBatch('d'));
    await fetching.until(() => fetching.textsOf(7).length === 3);
    expect(fetching.replies.at(-1)).toMatchObject({
      result: { next: 4, watermark: 4, lastStable: 4, problem: undefined },
    });
  });

  test('what is subscribed anew goes on there, and what is unsubscribed is heard of no more', async () => {
    const log = await new LogCluster(32, [[1], [1]]).start();
    await log.produce(1, 0, testBatch('a'));
    const fetching = new Fetching(log, 1);
    fetching.subscribe(1, 0, 0);
    fetching.subscribe(2, 1, 0);
    await fetching.until(() => fetching.textsOf(1).length === 1);
    fetching.subscribe(3, 0, 0);
    fetching.unsubscribe(1);
    await fetching.until(() => fetching.textsOf(3).length === 1);
    await log.produce(1, 0, testBatch('b'));
    await log.produce(1, 1, testBatch('to nobody'));
    await fetching.until(() => fetching.textsOf(3).length === 2);
    await log.whole.run(1_000);
    expect([fetching.textsOf(1), fetching.textsOf(2), fetching.textsOf(3)]).toEqual([['a'], [], ['a', 'b']]);
  });

  test('a problem is told once and ends one subscription alone', async () => {
    const log = await new LogCluster(33).start();
    await log.produce(1, 0, testBatch('a'));
    const fetching = new Fetching(log, 1);
    fetching.subscribe(1, 1, 0);
    fetching.subscribe(2, 0, 99);
    fetching.subscribe(3, 9, 0);
    await fetching.until(() => fetching.replies.length === 3);
    expect(fetching.problemOf(1)).toMatchObject({ error: 'not-leader', leader: { brokerId: 2 } });
    expect(fetching.problemOf(2)).toMatchObject({ error: 'offset-out-of-range' });
    expect(fetching.problemOf(3)).toMatchObject({ error: 'unknown-topic' });
    fetching.subscribe(4, 0, 0);
    await fetching.until(() => fetching.textsOf(4).length === 1);
    await log.whole.run(1_000);
    expect(fetching.replies).toHaveLength(4);
  });

  test('a reader that is stuck holds up its own stream, and nothing piles up for it', async () => {
    const log = await new LogCluster(34, [[1]]).start();
    const count = 60;
    const text = 'x'.repeat(60_000);
    for (let at = 0; at < count; at += 1) await log.produce(1, 0, testBatch(`${at}-${text}`));
    const stuck = new Fetching(log, 1);
    const other = new Fetching(log, 1);
    stuck.caller.isReading = false;
    stuck.subscribe(1, 0, 0);
    other.subscribe(1, 0, 0);
    await other.until(() => other.textsOf(1).length === count);
    const receivedBytes = stuck.caller.messages.reduce((sum, { length }) => sum + length, 0);
    expect(stuck.textsOf(1).length).toBeLessThan(count);
    expect(receivedBytes).toBeLessThan(3 * 1024 * 1024);
    stuck.caller.readOn();
    await stuck.until(() => stuck.textsOf(1).length === count);
    expect(stuck.textsOf(1)).toEqual(other.textsOf(1));
  });

  test('who subscribes again and again to what is refused, and never reads, is cut off', async () => {
    const log = await new LogCluster(38).start();
    const stuck = new Fetching(log, 1);
    stuck.caller.isReading = false;
    const wanted = { ...log.place(9), mayFollow: false, from: offset(0), bytesMax: undefined };
    const subscribe = Array.from({ length: 1000 }, (_, subscription) => ({ ...wanted, subscription }));
    const request = fetchStreamCallCodec.encode({ subscribe, unsubscribe: [] });
    for (let sent = 0; sent < 40 && stuck.caller.stream.creditBytes > 0; sent += 1) {
      stuck.caller.stream.send([request]);
      await log.whole.run(100);
    }
    stuck.caller.readOn();
    await log.whole.run(1_000, () => stuck.caller.status !== undefined);
    expect(stuck.caller.status).toMatchObject({ name: 'resource-exhausted' });
  });

  test('the end of a leadership is told with who leads now, and a reader goes on there', async () => {
    const log = await new LogCluster(35, replicated).start();
    await log.produce(1, 0, testBatch('before'));
    const fetching = new Fetching(log, 1);
    fetching.subscribe(1, 0, 0);
    await fetching.until(() => fetching.textsOf(1).length === 1);
    void log.whole.running[0]?.stop(2_000);
    await fetching.until(() => fetching.problemOf(1) !== undefined);
    const { brokerId: leader, endpoint } = fetching.problemOf(1)?.leader ?? {};
    expect([2, 3]).toContain(leader);
    expect(endpoint).toBe(`n${leader}:7081`);
    const next = new Fetching(log, leader ?? 0);
    next.subscribe(1, 0, 1);
    await log.produce(leader ?? 0, 0, testBatch('after'));
    await next.until(() => next.textsOf(1).length === 1);
    expect(next.textsOf(1)).toEqual(['after']);
    await log.whole.run(3_000, () => fetching.caller.status !== undefined);
    expect(fetching.caller.status?.message).toContain('this node is stopping');
  });

  test('a follower serves who asks for that, up to what is committed', async () => {
    const log = await new LogCluster(36, replicated).start();
    await log.produce(1, 0, testBatch('a'));
    const fetching = new Fetching(log, 2);
    fetching.subscribe(1, 0, 0);
    fetching.subscribe(2, 0, 0, true);
    await fetching.until(() => fetching.textsOf(2).length === 1);
    await log.produce(1, 0, testBatch('b'));
    await fetching.until(() => fetching.textsOf(2).length === 2);
    expect(fetching.textsOf(2)).toEqual(['a', 'b']);
  });

  test('what there is when the caller ends its half is sent, and then the stream ends', async () => {
    const log = await new LogCluster(37, [[1], [1]]).start();
    for (const text of ['a', 'b']) await log.produce(1, 0, testBatch(text));
    const fetching = new Fetching(log, 1);
    fetching.subscribe(1, 0, 0);
    fetching.subscribe(2, 1, 0);
    fetching.caller.stream.end();
    await log.whole.run(1_000, () => fetching.caller.status !== undefined);
    expect(fetching.caller.status).toMatchObject({ name: 'ok' });
    expect([fetching.textsOf(1), fetching.textsOf(2)]).toEqual([['a', 'b'], []]);

    const waiting = new Fetching(log, 1);
    waiting.subscribe(1, 0, 2);
    await log.whole.run(1_000);
    waiting.caller.stream.end();
    await log.whole.run(1_000, () => waiting.caller.status !== undefined);
    expect(waiting.caller.status).toMatchObject({ name: 'ok' });
  });
});
