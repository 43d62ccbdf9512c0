/**
 * Committed writes of three voters, each a process with its own disk folder, against one process that writes one entry
 * per synced LevelDB batch: how many a second, and how long each takes, turn by turn in the same run.
 *
 * Goals: above twice the plain writes at 64 in flight (group commit beats the round trips), and a median below 3 ms at
 * 1 in flight. A write is a command of the metadata, decided by the controller: a block of producer ids. The client is a process beside the voters and shares their cores.
 *
 * Run: node --import tsx test/bench/quorum-writes.ts
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { uniqueIdFromBytes, type ClusterId } from '../../src/base/ids.ts';
import { clientNetwork } from '../../src/cli/real-network.ts';
import { brokerEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import { RingQueue } from '../../src/base/ring-queue.ts';
import { controlMethods } from '../../src/quorum/control-service.ts';
import { metadataBatchCodec } from '../../src/wire/metadata-log-codec.ts';
import { decideReplyCodec, decideRequestCodec } from '../../src/wire/control-codec.ts';
import { controlCall, countOne, registerCounter } from '../quorum/producer-id-counter.ts';
import { LocalQuorum } from '../chaos/local-quorum.ts';
import type { VoterCalls } from '../chaos/voter-calls.ts';
import { at } from './percentile.ts';

const inFlightCounts = [1, 16, 64];
const rounds = 3;
const roundMs = 700;
const warmUpMs = 500;
const deadlineMs = 10_000;

/** Ids of this run: 24 hex digits, to which each command adds 8. */
const run = uniqueIdFromBytes(randomBytes(16)).slice(0, 24);
const streamedWaitingMax = 256;
let nextCommand = 1;

const ratioGoal = 2;
const medianMsGoal = 3;

type Write = () => Promise<void>;

interface Measured {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

interface Case {
  readonly name: string;
  readonly write: Write;
  readonly inFlight: number;
  readonly rounds: Measured[];
}

async function measure(write: Write, inFlight: number, lastsMs: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - startMs < lastsMs) {
      const beforeMs = performance.now();
      await write();
      latenciesMs.push(performance.now() - beforeMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { perSecond: latenciesMs.length / ((performance.now() - startMs) / 1000), latenciesMs };
}

function nextRequestId(): string {
  return `${run}${(nextCommand++).toString(16).padStart(8, '0')}`;
}

/** One call each, to the leader, as a voter that forwards would; anything but a committed write ends the bench. */
function unaryWrite(leader: VoterCalls, clusterId: ClusterId, epoch: BrokerEpoch): Write {
  return async () => {
    const answer = await leader.ask(clusterId, controlCall(countOne(nextRequestId(), epoch)), deadlineMs);
    if (!answer.ok) throw new Error(answer.problem.message);
    if (answer.value.type !== 'done') throw new Error(`a write ended ${JSON.stringify(answer.value)}`);
  };
}

/** All on one stream, answered in order. */
function streamedWrite(leader: VoterCalls, epoch: BrokerEpoch): { write: Write; close(): void } {
  const waiting = new RingQueue<() => void>(streamedWaitingMax);
  const channel = clientNetwork().channel(leader.addresses.peer);
  let isOver = false;
  const stream = channel.open(
    controlMethods.decideMany,
    { deadlineMs: undefined, headers: {} },
    {
      onMessage(ownedMessage) {
        stream.release(ownedMessage.length);
        const decided = decideReplyCodec.decode(ownedMessage);
        if (!decided.ok || decided.value.type !== 'decided' || decided.value.outcome.type !== 'done')
          throw new Error('a write was not done');
        waiting.shift()?.();
      },
      onCredit() {},
      onEnd() {},
      onClose(status) {
        if (!isOver) throw new Error(`the stream of writes ended: ${status.message}`);
      },
    },
  );
  return {
    write: () =>
      new Promise<void>((resolve) => {
        if (!waiting.push(resolve).ok) throw new Error('more writes in flight than the bench makes');
        stream.send([decideRequestCodec.encode(countOne(nextRequestId(), epoch))]);
      }),
    close() {
      isOver = true;
      channel.close();
    },
  };
}

/** As many bytes as the entry of a write has. */
function entryLike(): Uint8Array {
  const answer = { type: 'producer-ids-allocated', firstProducerId: nextCommand * 1000, count: 1000 } as const;
  return metadataBatchCodec.encode({
    number: nextCommand,
    request: { requestId: nextRequestId(), answer },
    records: [{ type: 'producer-ids-allocated', nextProducerId: nextCommand * 1000 }],
  });
}

/** The broker in whose name the writes are. */
async function counterEpoch(leader: VoterCalls, clusterId: ClusterId): Promise<BrokerEpoch> {
  const answer = await leader.ask(clusterId, controlCall(registerCounter(clusterId)), deadlineMs);
  if (!answer.ok || answer.value.type !== 'done') throw new Error('the broker of the writes is not registered');
  return brokerEpoch(answer.value.index);
}

async function plainLevel(folder: string): Promise<{ write: Write; close(): Promise<void> }> {
  const store = await new LevelKeyValueStores(folder).open('plain');
  let next = 1;
  return {
    write: () =>
      store.batch([{ type: 'put', key: `e/${String(next++).padStart(16, '0')}`, value: entryLike() }], { sync: true }),
    close: () => store.close(),
  };
}

function row(name: string, measured: readonly Measured[], plainPerSecond: number): string {
  const perSecond = at(
    measured.map((each) => each.perSecond),
    0.5,
  );
  const latencies = measured.flatMap(({ latenciesMs }) => latenciesMs);
  const figures = [
    perSecond.toFixed(0),
    at(latencies, 0.5).toFixed(2),
    at(latencies, 0.99).toFixed(2),
    (perSecond / plainPerSecond).toFixed(2),
  ];
  return name.padEnd(44) + figures.map((figure) => figure.padStart(11)).join('');
}

const folder = mkdtempSync(join(tmpdir(), 'odradek-bench-'));
const quorum = await LocalQuorum.start(3);
try {
  const plain = await plainLevel(folder);
  const [first] = await quorum.untilLed();
  if (first?.leaderId === undefined || first.clusterId === undefined) throw new Error('a led quorum has a leader');
  const { clusterId } = first;
  const leader = quorum.member(first.leaderId).calls;
  const epoch = await counterEpoch(leader, clusterId);
  const streamed = streamedWrite(leader, epoch);
  const cases: readonly Case[] = inFlightCounts.flatMap((inFlight) => [
    {
      name: `three voters, ${inFlight} in flight, a call each`,
      write: unaryWrite(leader, clusterId, epoch),
      inFlight,
      rounds: [],
    },
    { name: `three voters, ${inFlight} in flight on one stream`, write: streamed.write, inFlight, rounds: [] },
  ]);
  await measure(plain.write, 1, warmUpMs);
  for (const { write, inFlight } of cases) await measure(write, inFlight, warmUpMs);

  const plainRounds: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    plainRounds.push(await measure(plain.write, 1, roundMs));
    for (const each of cases) each.rounds.push(await measure(each.write, each.inFlight, roundMs));
  }
  streamed.close();
  await plain.close();

  const plainPerSecond = at(
    plainRounds.map(({ perSecond }) => perSecond),
    0.5,
  );
  console.log(
    `median of ${rounds} rounds`.padEnd(44) +
      ['writes/s', 'p50 ms', 'p99 ms', 'ratio'].map((name) => name.padStart(11)).join(''),
  );
  console.log(row('one process, one entry per synced batch', plainRounds, plainPerSecond));
  for (const each of cases) console.log(row(each.name, each.rounds, plainPerSecond));
  console.log(`goals: ratio above ${ratioGoal} at 64 in flight; p50 below ${medianMsGoal} ms at 1 in flight`);
} finally {
  await quorum.end({ keepData: false });
  rmSync(folder, { recursive: true, force: true });
}
// The exit hooks of the quorum keep nothing alive; channels that idle would, for a while.
process.exit(0);
