/**
 * Conversations between voters: who is listened to, and what happens when a peer is away, slow or silent.
 */
import { expect, test } from 'vitest';
import { clusterId, directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { PeerAcceptor } from '../../src/quorum/peer-acceptor.ts';
import { PeerLinks } from '../../src/quorum/peer-links.ts';
import { peerStreamLimitsDefault, type PeerStreamLimits } from '../../src/quorum/peer-stream.ts';
import { peerMethods } from '../../src/quorum/quorum-codecs.ts';
import type { PeerSelf } from '../../src/raft/peer-hello.ts';
import type { Voter } from '../../src/raft/raft-entry.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { raftQuorumCodecs } from '../../src/wire/raft-quorum-codecs.ts';
import { HandClock, MemoryCall, NotedEvents } from '../api/memory-call.ts';

const cluster = clusterId('c'.repeat(32));
const directoryOf = (number: number): Voter['directoryId'] => directoryId(String(number).repeat(32));

function peer(number: number): Voter {
  return {
    voterId: voterId(number),
    directoryId: directoryOf(number),
    peerEndpoint: `v${number}:7181`,
    apiEndpoint: `v${number}:7081`,
  };
}

function heartbeat(round: number): RaftMessage {
  const previous = { index: logIndex(0), term: term(0) };
  return { type: 'append-request', term: term(1), previous, entries: [], commitIndex: logIndex(0), round };
}

function chunk(round: number, bytes: number): RaftMessage {
  const snapshot = { lastIndex: logIndex(9), lastTerm: term(1), voters: [], committedChain: 0 };
  const content = new Uint8Array(bytes);
  return { type: 'snapshot-chunk-request', term: term(1), round, snapshot, offset: 0, bytes: content, isLast: false };
}

/** Two machines that talk; the second notes what it hears. */
class Pair {
  readonly simulation = new Simulation({ seed: 1 });
  readonly heard: string[] = [];
  links: PeerLinks | undefined;
  other: PeerLinks | undefined;

  constructor(limits: Partial<PeerStreamLimits> = {}, receiver: Partial<PeerSelf> = {}) {
    const self = (number: number): PeerSelf => ({
      clusterId: cluster,
      voterId: voterId(number),
      directoryId: directoryOf(number),
    });
    this.simulation.addProcess('v1', (ports) => {
      this.links = new PeerLinks({
        ...ports,
        codecs: raftQuorumCodecs,
        limits: { ...peerStreamLimitsDefault, ...limits },
        self: () => self(1),
        configuredEndpoint: () => undefined,
        onMessage: (sender, message) => this.heard.push(`back from ${sender.voterId}: ${message.type}`),
      });
      this.links.setPeers([peer(2)]);
    });
    this.simulation.addProcess('v2', async (ports) => {
      this.other = new PeerLinks({
        ...ports,
        codecs: raftQuorumCodecs,
        limits: peerStreamLimitsDefault,
        self: () => ({ ...self(2), ...receiver }),
        configuredEndpoint: () => undefined,
        onMessage: (sender, message) => {
          const round = 'round' in message ? ` ${message.round}` : '';
          this.heard.push(`${sender.voterId}@${sender.directoryId.slice(0, 2)}: ${message.type}${round}`);
        },
      });
      const methods = new Map([[peerMethods.converse, this.other.acceptor.accept]]);
      await ports.network.listen({ endpoint: 'v2:7181', methods });
    });
    for (const process of this.simulation.processes) process.start();
  }

  send(message: RaftMessage): void {
    this.simulation.mustFindProcess('v1').run(() => this.links?.send(voterId(2), message));
  }

  async pass(ms: number): Promise<void> {
    await this.simulation.run({ untilMs: this.simulation.world.nowMs + ms });
    expect(this.simulation.world.problem).toBeUndefined();
  }

  said(sentence: string): number {
    return this.simulation.world.reached.get(`said: ${sentence}`);
  }
}

test('messages arrive in order with the name and the directory of their sender', async () => {
  const pair = new Pair();
  await pair.pass(10);
  for (const round of [1, 2, 3]) pair.send(heartbeat(round));
  await pair.pass(100);
  expect(pair.heard).toEqual(['1@11: append-request 1', '1@11: append-request 2', '1@11: append-request 3']);
});

test('a voter of another cluster, number or directory is not listened to, and the log says so once', async () => {
  const others: Partial<PeerSelf>[] = [
    { clusterId: clusterId('d'.repeat(32)) },
    { voterId: voterId(3) },
    { directoryId: directoryOf(9) },
  ];
  for (const other of others) {
    const pair = new Pair({}, other);
    await pair.pass(10);
    for (let round = 0; round < 100; round += 1) {
      pair.send(heartbeat(round));
      await pair.pass(100);
    }
    expect(pair.heard).toEqual([]);
    expect(pair.said('refused a conversation with a peer')).toBe(1);
    expect(pair.said('a peer refuses to talk')).toBe(1);
  }
});

test('a heartbeat does not wait behind a snapshot that its receiver is slow to take', async () => {
  const pair = new Pair();
  await pair.pass(10);
  // Two of them use up the credit of a stream; the others wait until the receiver has taken those.
  for (const round of [1, 2, 3, 4]) pair.send(chunk(round, 900_000));
  pair.send(heartbeat(5));
  await pair.pass(500);
  const at = (wanted: string): number => pair.heard.findIndex((line) => line.endsWith(wanted));
  expect(pair.heard).toHaveLength(5);
  expect(at('append-request 5')).toBeLessThan(at('snapshot-chunk-request 3'));
});

test('to a peer that is away messages are dropped, and it hears again soon after it is back', async () => {
  const pair = new Pair();
  await pair.pass(10);
  pair.simulation.mustFindProcess('v2').crash();
  for (let round = 1; round <= 50; round += 1) {
    pair.send(heartbeat(round));
    await pair.pass(100);
  }
  pair.simulation.mustFindProcess('v2').start();
  await pair.pass(10);
  for (let round = 51; round <= 60; round += 1) {
    pair.send(heartbeat(round));
    await pair.pass(100);
  }
  const rounds = pair.heard.map((line) => Number(line.split(' ').at(-1)));
  expect(rounds.at(-1)).toBe(60);
  expect(Math.min(...rounds)).toBeGreaterThan(50);
  expect(Math.min(...rounds)).toBeLessThanOrEqual(56);
});

test('what waits for a peer that takes nothing is bounded in bytes and in number', async () => {
  const pair = new Pair({ waitingMessagesMax: 3, waitingBytesMax: 2_000_000, silenceMs: 100_000 });
  await pair.pass(10);
  pair.send(heartbeat(0));
  await pair.pass(50);
  pair.simulation.mustFindProcess('v2').pause();
  for (let round = 1; round <= 20; round += 1) pair.send(chunk(round, 600_000));
  await pair.pass(1000);
  pair.simulation.mustFindProcess('v2').resume();
  await pair.pass(1000);
  const chunks = pair.heard.filter((line) => line.includes('chunk')).length;
  expect(chunks).toBeGreaterThanOrEqual(3);
  expect(chunks).toBeLessThanOrEqual(2 + 3);
});

test('a peer that is sent to and stays silent is dialled anew', async () => {
  const pair = new Pair({ silenceMs: 500 });
  pair.simulation.network.habits = { ...pair.simulation.network.habits, silenceUnnoticedChance: 1 };
  await pair.pass(10);
  pair.send(heartbeat(0));
  await pair.pass(100);
  pair.simulation.network.cut('v1', 'v2');
  for (let round = 1; round <= 20; round += 1) {
    pair.send(heartbeat(round));
    await pair.pass(100);
  }
  pair.simulation.network.heal('v1', 'v2');
  for (let round = 21; round <= 40; round += 1) {
    pair.send(heartbeat(round));
    await pair.pass(100);
  }
  expect(pair.heard.at(-1)).toBe('1@11: append-request 40');
});

test('a stream whose other end lost power is replaced although the peer itself is heard all the time', async () => {
  const pair = new Pair();
  const { network } = pair.simulation;
  network.habits = { ...network.habits, silenceUnnoticedChance: 1 };
  await pair.pass(10);
  pair.send(heartbeat(1));
  await pair.pass(100);
  pair.simulation.mustFindProcess('v2').powerCut();
  await pair.pass(10);
  pair.simulation.mustFindProcess('v2').start();
  for (let round = 2; round <= 40; round += 1) {
    pair.send(heartbeat(round));
    await pair.pass(100);
  }
  expect(pair.heard.at(-1)).toBe('1@11: append-request 40');
});

test('a voter answers one that it has no way to on the stream that the question came by', async () => {
  const pair = new Pair();
  await pair.pass(10);
  pair.send({ type: 'vote-request', term: term(2), last: { index: logIndex(0), term: term(0) }, isTransfer: false });
  await pair.pass(50);
  pair.simulation
    .mustFindProcess('v2')
    .run(() => pair.other?.send(voterId(1), { type: 'vote-reply', term: term(2), granted: true }));
  await pair.pass(50);
  expect(pair.heard).toEqual(['1@11: vote-request', 'back from 2: vote-reply']);
});

test('a peer that dials again and again holds no more than its latest conversations open', () => {
  const acceptor = new PeerAcceptor({
    clock: new HandClock(),
    codecs: raftQuorumCodecs,
    eventLog: new NotedEvents(),
    self: () => ({ clusterId: cluster, voterId: voterId(2), directoryId: directoryOf(2) }),
    onMessage() {},
  });
  const hello = (from: number): Uint8Array => {
    const to = { to: voterId(2), toDirectory: directoryOf(2) };
    const sender = { from: voterId(from), fromDirectory: directoryOf(from) };
    return raftQuorumCodecs.saying.encode({ type: 'hello', hello: { clusterId: cluster, ...sender, ...to } });
  };
  const dial = (from: number): MemoryCall => new MemoryCall(acceptor.accept).message(hello(from));
  const calls = [1, 1, 3, 1, 1, 1, 1].map(dial);
  expect(calls.map(({ status }) => status?.name)).toEqual(['aborted', 'aborted', ...new Array<undefined>(5)]);
});

test('a stranger that sends rubbish from port after port does not silence what the log says of others', () => {
  const eventLog = new NotedEvents();
  const acceptor = new PeerAcceptor({
    clock: new HandClock(),
    codecs: raftQuorumCodecs,
    eventLog,
    self: () => ({ clusterId: cluster, voterId: voterId(2), directoryId: directoryOf(2) }),
    onMessage() {},
  });
  for (let port = 1; port <= 200; port += 1) {
    new MemoryCall(acceptor.accept, { peer: `10.0.0.9:${port}` }).message(new Uint8Array(port).fill(255));
  }
  expect(eventLog.events).toHaveLength(1);
  const stray = { clusterId: clusterId('d'.repeat(32)), from: voterId(3), fromDirectory: directoryOf(3) };
  const hello = { ...stray, to: voterId(2), toDirectory: directoryOf(2) };
  new MemoryCall(acceptor.accept).message(raftQuorumCodecs.saying.encode({ type: 'hello', hello }));
  expect(eventLog.events).toHaveLength(2);
});

test('a stranger that says nothing is not listened to for ever', () => {
  const clock = new HandClock();
  const acceptor = new PeerAcceptor({
    clock,
    codecs: raftQuorumCodecs,
    eventLog: new NotedEvents(),
    self: () => ({ clusterId: cluster, voterId: voterId(2), directoryId: directoryOf(2) }),
    onMessage() {},
  });
  const call = new MemoryCall(acceptor.accept);
  clock.advance(4_999);
  expect(call.status).toBeUndefined();
  clock.advance(1);
  expect([call.status?.name, call.status?.message]).toEqual([
    'invalid-argument',
    'the conversation cannot go on: it said no hello',
  ]);
  expect(clock.waitingCount).toBe(0);
});
