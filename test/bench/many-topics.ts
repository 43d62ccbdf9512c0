/**
 * Ten thousand topics of three partitions, made through the public API of three real voters with brokers that keep
 * nothing: how fast they are made, what they cost in memory, how long a snapshot takes and how large it is, how long a
 * node takes that begins to follow, and how long a page of the list.
 *
 * Run: node --import tsx test/bench/many-topics.ts (TOPICS=n for another number)
 */
import { readFileSync } from 'node:fs';
import { logIndex } from '../../src/base/raft-position.ts';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { NodeRandom } from '../../src/adapters/node-random.ts';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { MetadataObserver } from '../../src/quorum/metadata-observer.ts';
import { MetadataStateMachine } from '../../src/quorum/metadata-state-machine.ts';
import { emptyMessageCodec } from '../../src/wire/empty-message.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import { metadataQuorumCodecs } from '../../src/wire/metadata-quorum-codecs.ts';
import { snapshotReplyCodec } from '../../src/wire/snapshot-messages.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  listTopicsReplyCodec,
  listTopicsRequestCodec,
} from '../../src/wire/topic-messages.ts';
import { LocalQuorum } from '../chaos/local-quorum.ts';
import { RenewedChannel } from '../chaos/renewed-channel.ts';
import { StubBrokers } from '../chaos/stub-brokers.ts';
import { at } from './percentile.ts';

const topics = Number(process.env['TOPICS'] ?? 10_000);
const partitionsPerTopic = 3;
const replicationFactor = 3;
const brokerCount = 6;
const inFlight = 64;
const pageSizes = [100, 1_000];
const pageMsGoal = 50;
const deadlineMs = 60_000;

const nameOf = (number: number): string => `topic-${String(number).padStart(6, '0')}`;

async function createTopics(channels: readonly RenewedChannel[]): Promise<number> {
  let next = 0;
  const worker = async (channel: RenewedChannel): Promise<void> => {
    while (next < topics) {
      const name = nameOf(next++);
      const command = {
        type: 'create-topic',
        name,
        partitionCount: partitionsPerTopic,
        replicationFactor,
        assignments: [],
        configs: [],
        ifNotExists: false,
        validateOnly: false,
      } as const;
      const reply = await channel.call({
        method: 'odradek.v1.TopicService/CreateTopic',
        request: { command, requestId: `make-${name}` },
        requestCodec: createTopicRequestCodec,
        replyCodec: createTopicReplyCodec,
        deadlineMs,
      });
      if (!reply.ok) throw new Error(`${name} was not made: ${reply.problem.message}`);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, (_, at) => worker(pick(channels, at))));
  return performance.now() - startedMs;
}

async function pageLatencies(channel: RenewedChannel, pageSize: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  let seen = 0;
  let token = '';
  for (let isLast = false; !isLast;) {
    const startedMs = performance.now();
    const reply = await channel.call({
      method: 'odradek.v1.TopicService/ListTopics',
      request: { page: { size: pageSize, token }, consistency: 'linearizable' },
      requestCodec: listTopicsRequestCodec,
      replyCodec: listTopicsReplyCodec,
      deadlineMs,
    });
    latencies.push(performance.now() - startedMs);
    if (!reply.ok) throw new Error(reply.problem.message);
    seen += reply.value.topics.length;
    token = reply.value.nextPageToken;
    isLast = token === '';
  }
  if (seen !== topics) throw new Error(`the pages list ${seen} topics of ${topics}`);
  return latencies;
}

async function snapshot(channel: RenewedChannel): Promise<{ readonly ms: number; readonly bytes: number }> {
  const startedMs = performance.now();
  const pieces = await channel.collect({
    method: 'odradek.v1.QuorumService/Snapshot',
    request: undefined,
    requestCodec: emptyMessageCodec(odradek.v1.SnapshotRequest),
    replyCodec: snapshotReplyCodec,
    deadlineMs,
  });
  if (!pieces.ok) throw new Error(pieces.problem.message);
  const bytes = pieces.value.reduce((sum, { piece }) => sum + piece.length, 0);
  return { ms: performance.now() - startedMs, bytes };
}

/** From nothing to everything, in this process. */
async function catchUp(quorum: LocalQuorum, revision: number): Promise<number> {
  const silent: EventLog = { emit() {}, with: () => silent };
  const machine = new MetadataStateMachine(metadataQuorumCodecs.log);
  const startedMs = performance.now();
  const observer = new MetadataObserver({
    clock: new NodeClock(),
    random: new NodeRandom(),
    network: clientNetwork(),
    eventLog: silent,
    clusterId: await quorum.clusterId(),
    voters: quorum.members.map(({ calls }) => calls.addresses.peer),
    machine,
    codecs: metadataQuorumCodecs.service,
    follow: metadataQuorumCodecs.follow,
    onFatal: (fault) => {
      throw fault;
    },
  });
  observer.start();
  const image = await observer.untilRevision(logIndex(revision), deadlineMs);
  const tookMs = performance.now() - startedMs;
  observer.stop();
  if (!image.ok || image.value.topics.size !== topics) throw new Error('the observer does not have all topics');
  return tookMs;
}

function residentMiB(pid: number): number {
  const [, kib = 'NaN'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

function pick<Value>(values: readonly Value[], number: number): Value {
  const value = values[number % values.length];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
}

const quorum = await LocalQuorum.start(3);
try {
  const brokers = await StubBrokers.start(quorum, brokerCount);
  const channels = quorum.members.map(({ calls }) => new RenewedChannel(calls.addresses.api));
  const residentAll = (): string =>
    quorum.members.map(({ process: each }) => `${residentMiB(each.pid).toFixed(0)} MiB`).join(', ');
  console.log(`resident before: ${residentAll()}`);
  const tookMs = await createTopics(channels);
  const partitions = topics * partitionsPerTopic;
  console.log(
    `${topics} topics, ${partitions} partitions: ${((topics * 1000) / tookMs).toFixed(0)} topics/s, ${inFlight} in flight`,
  );
  console.log(`resident after: ${residentAll()}`);
  const first = pick(channels, 0);
  const { ms, bytes } = await snapshot(first);
  console.log(`snapshot: ${(bytes / 1024 / 1024).toFixed(1)} MiB in ${ms.toFixed(0)} ms`);
  const commitIndex = Math.max(...(await quorum.untilLed()).map((reply) => reply.commitIndex));
  console.log(`a new observer has everything after ${(await catchUp(quorum, commitIndex)).toFixed(0)} ms`);
  for (const pageSize of pageSizes) {
    const latencies = await pageLatencies(first, pageSize);
    const [middle, worst] = [at(latencies, 0.5).toFixed(1), at(latencies, 1).toFixed(1)];
    console.log(`pages of ${pageSize}: p50 ${middle} ms, slowest ${worst} ms (goal: below ${pageMsGoal} ms)`);
  }
  brokers.stop();
  for (const channel of channels) channel.close();
} finally {
  await quorum.end({ keepData: false });
}
// Channels that idle would keep the process for a while.
process.exit(0);
