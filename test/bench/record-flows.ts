/**
 * What a client of a bench does on streams: so many requests under way for so long, everything read once, and one record
 * after the other handed from a producer to a reader that waits.
 */
import { offset, type Offset } from '../../src/base/offsets.ts';
import type { TopicId } from '../../src/base/ids.ts';
import type { Channel, OpenedStream } from '../../src/ports/stream.ts';
import {
  fetchStreamCallCodec,
  fetchStreamReplyCodec,
  produceStreamCallCodec,
  produceStreamReplyCodec,
} from '../../src/wire/produce-fetch-messages.ts';
import type { SubscribedReply } from '../../src/wire/produce-fetch-values.ts';
import { answerPath } from './answering-process.ts';

export interface BenchTopic {
  readonly topicId: TopicId;
  /** To the leader of its only partition; each call a connection of its own. */
  readonly channel: () => Channel;
}

/** One request at a time, as often as it is called; resolves with its answer. */
export interface Requests {
  readonly bytes: number;
  send(): Promise<void>;
  close(): void;
}

export interface Flow {
  readonly megabytesPerSecond: number;
  readonly latenciesMs: readonly number[];
}

export async function keepUnderWay(requests: Requests, count: number, lastsMs: number): Promise<Flow> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    for (let beforeMs = startMs; beforeMs - startMs < lastsMs;) {
      await requests.send();
      const nowMs = performance.now();
      latenciesMs.push(nowMs - beforeMs);
      beforeMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
  const seconds = (performance.now() - startMs) / 1000;
  return rateOf(latenciesMs.length * requests.bytes, seconds, latenciesMs);
}

function rateOf(bytes: number, seconds: number, latenciesMs: readonly number[]): Flow {
  return { megabytesPerSecond: bytes / 1e6 / seconds, latenciesMs };
}

/** Answered in order, each by a message that says nothing. */
export function rawRequests(channel: Channel, ownedMessage: Uint8Array): Requests {
  const waiting: (() => void)[] = [];
  const stream = open(channel, answerPath, () => waiting.shift()?.());
  return {
    bytes: ownedMessage.length,
    send: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        stream.send(ownedMessage);
      }),
    close: () => channel.close(),
  };
}

export function produceRequests({ topicId, channel: connect }: BenchTopic, ownedBatch: Uint8Array): Requests {
  const waiting = new Map<number, () => void>();
  let number = 0;
  const channel = connect();
  const stream = open(channel, 'odradek.v1.LogService/ProduceStream', (ownedMessage) => {
    const answer = produceStreamReplyCodec.decode(ownedMessage);
    if (!answer.ok || answer.value.results[0]?.problem !== undefined) throw new Error('a batch was refused');
    waiting.get(answer.value.number)?.();
    waiting.delete(answer.value.number);
  });
  return {
    bytes: ownedBatch.length,
    send: () =>
      new Promise((resolve) => {
        number += 1;
        waiting.set(number, resolve);
        const partitions = [{ topicId, partition: 0, leaderEpoch: undefined, ownedBatch }];
        stream.send(produceStreamCallCodec.encode({ number, acks: 'all', timeoutMs: undefined, partitions }));
      }),
    close: () => channel.close(),
  };
}

/** From the first record to the last that may be read by now. */
export function fetchAll(topic: BenchTopic): Promise<Flow> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    let bytes = 0;
    const channel = read(topic, offset(0), ({ result }) => {
      if (result.problem !== undefined) throw new Error(result.problem.message);
      bytes += result.ownedBatches.length;
      if (result.next < (result.watermark ?? Infinity)) return;
      channel.close();
      const seconds = (performance.now() - startMs) / 1000;
      resolve(rateOf(bytes, seconds, []));
    });
  });
}

/** How long after the producer knows it a reader that waits has the record. */
export async function deliveryMs(
  topic: BenchTopic,
  ownedBatch: Uint8Array,
  rounds: number,
): Promise<readonly number[]> {
  const late: number[] = [];
  const producing = produceRequests(topic, ownedBatch);
  let onRead = (): void => {};
  const channel = read(topic, offset(0), () => onRead());
  for (let round = 0; round < rounds; round += 1) {
    let readAtMs: number | undefined;
    const isRead = new Promise<void>((resolve) => {
      onRead = () => {
        readAtMs = performance.now();
        resolve();
      };
    });
    await producing.send();
    const ackedAtMs = performance.now();
    await isRead;
    late.push(Math.max(0, (readAtMs ?? 0) - ackedAtMs));
  }
  producing.close();
  channel.close();
  return late;
}

function read(
  { topicId, channel: connect }: BenchTopic,
  from: Offset,
  onReply: (reply: SubscribedReply) => void,
): Channel {
  const channel = connect();
  const stream = open(channel, 'odradek.v1.LogService/FetchStream', (ownedMessage) => {
    const reply = fetchStreamReplyCodec.decode(ownedMessage);
    if (!reply.ok) throw new Error(reply.problem.why);
    onReply(reply.value);
  });
  const place = { topicId, partition: 0, leaderEpoch: undefined };
  const subscribe = [{ ...place, subscription: 1, mayFollow: false, from, bytesMax: undefined }];
  stream.send(fetchStreamCallCodec.encode({ subscribe, unsubscribe: [] }));
  return channel;
}

/** Sends at once while there is credit, and the rest as it comes. */
function open(channel: Channel, method: string, onMessage: (ownedMessage: Uint8Array) => void): Sender {
  const unsent: Uint8Array[] = [];
  const sendUnsent = (): void => {
    while (unsent.length > 0 && stream.creditBytes > 0) stream.send([unsent.shift() ?? new Uint8Array(0)]);
  };
  const stream: OpenedStream = channel.open(
    method,
    { deadlineMs: undefined, headers: {} },
    {
      onMessage(ownedMessage) {
        stream.release(ownedMessage.length);
        onMessage(ownedMessage);
      },
      onCredit: sendUnsent,
      onEnd() {},
      // Whoever waits for an answer would wait for ever.
      onClose({ name, message }) {
        if (name === 'ok' || name === 'cancelled') return;
        console.error(`${method} ended: ${message}`);
        process.exit(1);
      },
    },
  );
  return {
    send(ownedMessage) {
      unsent.push(ownedMessage);
      sendUnsent();
    },
  };
}

interface Sender {
  send(ownedMessage: Uint8Array): void;
}
