/**
 * The ways to all peers: two streams each, so that a snapshot on its way never delays a heartbeat, and a channel for
 * calls that are passed on.
 */
import { assert } from '../base/assert.ts';
import type { VoterId } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Channel, Network } from '../ports/stream.ts';
import type { PeerSelf } from '../raft/peer-hello.ts';
import type { Voter } from '../raft/raft-entry.ts';
import type { RaftMessage } from '../raft/raft-message.ts';
import { PeerAcceptor, type PeerSender } from './peer-acceptor.ts';
import { PeerStream, type PeerStreamLimits } from './peer-stream.ts';
import type { QuorumCodecs } from './quorum-codecs.ts';

export interface PeerLinksOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly eventLog: EventLog;
  readonly codecs: QuorumCodecs;
  readonly limits: PeerStreamLimits;
  readonly self: () => PeerSelf | undefined;
  /** Where the configuration says a voter is; the voter set's own word is second. */
  readonly configuredEndpoint: (voter: VoterId) => string | undefined;
  readonly onMessage: (sender: PeerSender, message: RaftMessage) => void;
}

interface PeerWays {
  readonly peer: Voter;
  readonly steady: PeerStream;
  readonly bulk: PeerStream;
  calls: Channel | undefined;
}

const callsLingerMs = 5000;

export class PeerLinks {
  readonly acceptor: PeerAcceptor;
  readonly #options: PeerLinksOptions;
  readonly #ways = new Map<VoterId, PeerWays>();
  readonly #lingering = new Set<Channel>();

  constructor(options: PeerLinksOptions) {
    this.#options = options;
    this.acceptor = new PeerAcceptor(options);
  }

  /** Whom to talk to from now on. Ways to others are closed. */
  setPeers(peers: readonly Voter[]): void {
    for (const [voterId, ways] of this.#ways) {
      const peer = peers.find((candidate) => candidate.voterId === voterId);
      if (peer?.directoryId === ways.peer.directoryId && this.#endpointOf(peer) === this.#endpointOf(ways.peer))
        continue;
      closeStreams(ways);
      this.#closeLater(ways.calls);
      this.#ways.delete(voterId);
    }
    for (const peer of peers) if (!this.#ways.has(peer.voterId)) this.#ways.set(peer.voterId, this.#makeWays(peer));
  }

  send(to: VoterId, message: RaftMessage): void {
    const ways = this.#ways.get(to);
    if (ways === undefined) this.acceptor.answer(to, message);
    else if (message.type === 'snapshot-chunk-request') ways.bulk.send(message);
    else ways.steady.send(message);
  }

  /** For calls to one peer; undefined for strangers. */
  callChannel(to: VoterId): Channel | undefined {
    const ways = this.#ways.get(to);
    if (ways === undefined) return undefined;
    ways.calls ??= this.#options.network.channel(this.#endpointOf(ways.peer));
    return ways.calls;
  }

  close(): void {
    for (const ways of this.#ways.values()) {
      closeStreams(ways);
      ways.calls?.close();
    }
    for (const calls of this.#lingering) calls.close();
    this.#ways.clear();
    this.acceptor.close();
  }

  /** A leader that removed itself is no peer any more, and still owes the answer to that very call. */
  #closeLater(calls: Channel | undefined): void {
    if (calls === undefined) return;
    this.#lingering.add(calls);
    this.#options.clock.callAfterMs(callsLingerMs, () => {
      this.#lingering.delete(calls);
      calls.close();
    });
  }

  #endpointOf(peer: Voter): string {
    return this.#options.configuredEndpoint(peer.voterId) ?? peer.peerEndpoint;
  }

  #makeWays(peer: Voter): PeerWays {
    return { peer, steady: this.#makeStream(peer), bulk: this.#makeStream(peer), calls: undefined };
  }

  #makeStream(peer: Voter): PeerStream {
    const self = this.#options.self();
    assert(self !== undefined, 'a voter with peers knows its cluster', { peer: peer.voterId });
    const { voterId, directoryId } = peer;
    const lost = new Set<string>();
    return new PeerStream({
      ...this.#options,
      endpoint: this.#endpointOf(peer),
      hello: {
        clusterId: self.clusterId,
        from: self.voterId,
        fromDirectory: self.directoryId,
        to: voterId,
        toDirectory: directoryId,
      },
      onMessage: (message) => this.#options.onMessage({ voterId, directoryId }, message),
      onLost: (status) => {
        if (status.name !== 'failed-precondition' || lost.has(status.message)) return;
        lost.add(status.message);
        this.#options.eventLog.emit('warn', 'a peer refuses to talk', { peer: voterId, why: status.message });
      },
    });
  }
}

function closeStreams({ steady, bulk }: PeerWays): void {
  steady.close();
  bulk.close();
}
