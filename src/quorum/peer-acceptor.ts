/**
 * The listening side of the conversations between voters.
 *
 * The hello decides: a conversation that means another cluster, voter or directory ends with a typed status, and a
 * line in the log, once per peer and kind. What follows goes to the Raft core with the sender's name on it.
 */
import type { DirectoryId, VoterId } from '../base/ids.ts';
import { statusOf, statusOk } from '../base/status.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { AcceptedStream, IncomingStream, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';
import { findHelloProblem, type PeerHello, type PeerSelf } from '../raft/peer-hello.ts';
import type { RaftMessage } from '../raft/raft-message.ts';
import type { QuorumCodecs } from './quorum-codecs.ts';

export interface PeerAcceptorOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  readonly codecs: QuorumCodecs;
  readonly eventLog: EventLog;
  /** Undefined while the voter does not know its cluster, and once it stops. */
  readonly self: () => PeerSelf | undefined;
  readonly onMessage: (sender: PeerSender, message: RaftMessage) => void;
}

export interface PeerSender {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
}

/** Peers that were refused and are remembered, so that the log names each once. */
const refusedPeersMax = 64;
/** Two ways, and two that replaced them before the first were known to be lost. */
const conversationsPerVoterMax = 4;
/** Well within the opener's patience (silenceMs), and far below the rate of messages. */
const hearingShownEveryMs = 250;
/** An opener says who it is with its first message, which leaves with the call. */
const helloMsMax = 5_000;

interface Conversation {
  readonly hello: PeerHello;
  /** When the opener was last shown that it is heard. */
  shownMs: number;
}

export class PeerAcceptor {
  readonly #options: PeerAcceptorOptions;
  /** Conversations whose hello was good. A voter has several, one of them for bulk. */
  readonly #open = new Map<AcceptedStream, Conversation>();
  readonly #refused = new Set<string>();

  constructor(options: PeerAcceptorOptions) {
    this.#options = options;
  }

  readonly accept: StreamAcceptor = (incoming, stream) => this.#handlers(incoming, stream);

  /** Answers on the way that the peer came by; dropped when there is none, or when it is full. */
  answer(to: VoterId, message: RaftMessage): void {
    for (const [stream, { hello }] of this.#open) {
      if (hello.from !== to || stream.creditBytes <= 0) continue;
      stream.send([this.#options.codecs.reply.encode(message)]);
      return;
    }
  }

  close(): void {
    const open = [...this.#open.keys()];
    this.#open.clear();
    for (const stream of open) stream.close(statusOf('unavailable', 'the voter is stopping'));
  }

  #handlers(incoming: IncomingStream, accepted: AcceptedStream): StreamHandlers {
    const stream = closedOnce(accepted);
    let isFirst = true;
    const patience = this.#options.clock.callAfterMs(helloMsMax, () => {
      this.#refuse(stream, incoming, 'it said no hello');
    });
    return {
      onMessage: (ownedMessage) => {
        patience.cancel();
        stream.release(ownedMessage.length);
        const saying = this.#options.codecs.saying.decode(ownedMessage);
        if (!saying.ok) this.#refuse(stream, incoming, saying.problem.why);
        else if (saying.value.type === 'hello' && isFirst) this.#onHello(incoming, stream, saying.value.hello);
        else if (saying.value.type === 'raft' && !isFirst) this.#onRaft(stream, saying.value.message);
        else this.#refuse(stream, incoming, 'a conversation begins with one hello');
        isFirst = false;
      },
      onCredit() {},
      onEnd: () => stream.close(statusOk),
      onClose: () => {
        patience.cancel();
        this.#open.delete(stream);
      },
    };
  }

  #onRaft(stream: AcceptedStream, message: RaftMessage): void {
    const conversation = this.#open.get(stream);
    // A stream that was refused may still deliver what was on its way.
    if (conversation === undefined) return;
    const { hello } = conversation;
    this.#showHearing(stream, conversation);
    this.#options.onMessage({ voterId: hello.from, directoryId: hello.fromDirectory }, message);
  }

  #showHearing(stream: AcceptedStream, conversation: Conversation): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - conversation.shownMs < hearingShownEveryMs || stream.creditBytes <= 0) return;
    conversation.shownMs = nowMs;
    stream.send([this.#options.codecs.reply.encode(undefined)]);
  }

  #onHello(incoming: IncomingStream, stream: AcceptedStream, hello: PeerHello): void {
    const self = this.#options.self();
    if (self === undefined) {
      stream.close(statusOf('unavailable', 'the voter is starting or stopping; try again'));
      return;
    }
    const problem = findHelloProblem(self, hello);
    if (problem === undefined) {
      this.#makeRoomFor(hello);
      this.#open.set(stream, { hello, shownMs: Number.NEGATIVE_INFINITY });
      return;
    }
    this.#reportOnce(`${hello.from} ${hello.fromDirectory} ${problem.type}`, {
      from: hello.from,
      fromDirectory: hello.fromDirectory,
      peer: incoming.peer,
      problem,
    });
    stream.close(this.#options.codecs.statusOfHelloProblem(problem));
  }

  /** A peer that dials anew has given its earlier streams up, whether or not we have noticed that they are dead. */
  #makeRoomFor({ from }: PeerHello): void {
    const earlier = [...this.#open].filter(([, { hello }]) => hello.from === from).map(([stream]) => stream);
    for (const stream of earlier.slice(0, Math.max(0, earlier.length + 1 - conversationsPerVoterMax))) {
      this.#open.delete(stream);
      stream.close(statusOf('aborted', 'replaced by a later conversation'));
    }
  }

  #refuse(stream: AcceptedStream, incoming: IncomingStream, why: string): void {
    // By host alone: every attempt has a port of its own, and what cannot be read is unreadable in many ways. One
    // stranger that tries again and again must not use up the room for refusals that a person should see.
    const host = incoming.peer.slice(0, incoming.peer.lastIndexOf(':'));
    this.#reportOnce(`${host} unreadable`, { peer: incoming.peer, why });
    stream.close(statusOf('invalid-argument', `the conversation cannot go on: ${why}`));
  }

  #reportOnce(key: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#refused.has(key) || this.#refused.size >= refusedPeersMax) return;
    this.#refused.add(key);
    this.#options.eventLog.emit('warn', 'refused a conversation with a peer', facts);
  }
}

/** A refused peer may end its half as well, and each of the two would close the stream. */
function closedOnce(stream: AcceptedStream): AcceptedStream {
  let isClosed = false;
  return {
    get creditBytes() {
      return stream.creditBytes;
    },
    send: (ownedParts) => stream.send(ownedParts),
    release: (receivedBytes) => stream.release(receivedBytes),
    close(status) {
      if (!isClosed) stream.close(status);
      isClosed = true;
    },
  };
}
