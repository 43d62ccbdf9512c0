/**
 * The listening side between replicas: who is listened to, and what of it is a message.
 *
 * The hello decides. One stream per broker and lane: a later one ends an earlier, of which nothing is heard any more. Whatever was
 * on its way there was said in a session that is over. Batches are looked at here, before anybody acts on them.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import { statusOf, statusOk, type Status } from '../base/status.ts';
import type { PartitionMessage } from '../partition/partition-message.ts';
import type { ArrivedPush, ControlMessage, ReplicaFrame } from '../partition/replica-frame.ts';
import {
  findReplicaHelloProblem,
  type ReplicaHello,
  type ReplicaHelloProblem,
  type ReplicaSelf,
} from '../partition/replica-hello.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { AcceptedStream, IncomingStream, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';
import { checkPush, type PushProblem } from './check-push.ts';
import type { PartitionKey } from './partition-key.ts';
import { HeardNumbers } from './partition-numbers.ts';
import type { ReplicaCodec } from './replica-codec.ts';
import type { ReplicaLinkEvents } from './replica-links.ts';

/** What came is not what its sender had: the batches were damaged there or on the way. */
export interface BadPush {
  readonly from: BrokerId;
  readonly key: PartitionKey;
  readonly problem: PushProblem;
}

export interface ReplicaAcceptorOptions {
  readonly clock: Pick<Clock, 'callAfterMs'>;
  readonly codec: ReplicaCodec;
  readonly eventLog: EventLog;
  /** Undefined while this process is not registered, and once it stops. */
  readonly self: () => ReplicaSelf | undefined;
  /** By the newest metadata. */
  readonly newestOf: (broker: BrokerId) => BrokerEpoch | undefined;
  readonly events: ReplicaLinkEvents;
  /** A stream of that broker ended without a goodbye, and it may not know. */
  readonly onStreamLost: (broker: BrokerId) => void;
  /** It was dropped: the follower will notice that something is missing, and ask again. */
  readonly onBadPush: (bad: BadPush) => void;
  readonly batchBytesMax: number;
}

/** Peers that were refused and are remembered, so that the log names each once. */
const refusedMax = 64;
/** An opener says who it is with its first message, which leaves with the call. */
const helloMsMax = 5_000;

interface Caller {
  readonly hello: ReplicaHello;
  readonly numbers: HeardNumbers;
}

export class ReplicaAcceptor {
  readonly #options: ReplicaAcceptorOptions;
  /** Streams whose hello was good. */
  readonly #callers = new Map<Answering, Caller>();
  readonly #refused = new Set<string>();

  constructor(options: ReplicaAcceptorOptions) {
    this.#options = options;
  }

  readonly accept: StreamAcceptor = (incoming, stream) => this.#handlers(new Answering(incoming, stream));

  /** There is newer metadata, or this process is another life or stops: whoever would be refused now is heard no more. */
  look(): void {
    for (const [stream, { hello }] of this.#callers) {
      const problem = this.#findProblem(hello);
      if (problem !== undefined) this.#end(stream, this.#statusOf(problem));
    }
  }

  #handlers(stream: Answering): StreamHandlers {
    const patience = this.#options.clock.callAfterMs(helloMsMax, () => this.#refuse(stream, 'it said no hello'));
    return {
      onMessage: (ownedMessage) => {
        this.#onMessage(stream, ownedMessage, patience);
        stream.release(ownedMessage.length);
      },
      onCredit() {},
      // Without a goodbye it is a loss: a connection that breaks may look like an end.
      onEnd: () => this.#part(stream, statusOk),
      onClose: () => {
        patience.cancel();
        this.#lose(stream);
      },
    };
  }

  #onMessage(stream: Answering, ownedMessage: Uint8Array, patience: Timer): void {
    if (stream.isClosed) return;
    const caller = this.#callers.get(stream);
    const frame = this.#options.codec.decode(ownedMessage);
    if (!frame.ok) this.#refuse(stream, frame.problem.why);
    else if ((frame.value.type === 'hello') !== (caller === undefined))
      this.#refuse(stream, 'a stream begins with one hello');
    else if (frame.value.type === 'sayings' && caller !== undefined) this.#onSayings(stream, caller, frame.value);
    else if (frame.value.type === 'hello') {
      patience.cancel();
      this.#onHello(stream, frame.value.hello);
    }
  }

  #onHello(stream: Answering, hello: ReplicaHello): void {
    const problem = this.#findProblem(hello);
    if (problem !== undefined) {
      // Lives come and go, and metadata comes later to some; only a wrong address does not mend itself.
      if (problem.type === 'other-cluster' || problem.type === 'other-broker')
        this.#reportOnce(`${hello.from} ${problem.type}`, { peer: stream.incoming.peer, from: hello.from, problem });
      stream.close(this.#statusOf(problem));
      return;
    }
    for (const [earlier, caller] of this.#callers)
      if (caller.hello.from === hello.from && caller.hello.lane === hello.lane)
        this.#end(earlier, statusOf('aborted', 'replaced by a later stream'));
    this.#callers.set(stream, { hello, numbers: new HeardNumbers() });
  }

  #onSayings(stream: Answering, caller: Caller, frame: Extract<ReplicaFrame, { type: 'sayings' }>): void {
    const { hello, numbers } = caller;
    if (!frame.numbers.every((named) => numbers.hear(named))) {
      this.#refuse(stream, 'its partitions are numbered out of order');
      return;
    }
    if (frame.hasLost) this.#options.events.onLinkLost(hello.from);
    for (const { number, message } of frame.sayings) {
      const key = numbers.find(number);
      const isOnItsLane = (message.type === 'push') === (hello.lane !== 'control');
      if (key === undefined || !isOnItsLane) {
        this.#refuse(stream, key === undefined ? 'it uses a number that it did not give' : `not on lane ${hello.lane}`);
        return;
      }
      const checked = this.#checked(hello.from, key, message);
      if (checked !== undefined) this.#options.events.onMessage(hello.from, key, checked);
      // What was just heard may have ended this stream.
      if (stream.isClosed) return;
    }
    if (frame.isGoodbye) this.#callers.delete(stream);
    if (frame.asksForSign && stream.creditBytes > 0) stream.send(this.#options.codec.encodeSign());
  }

  #checked(from: BrokerId, key: PartitionKey, message: ControlMessage | ArrivedPush): PartitionMessage | undefined {
    if (message.type !== 'push') return message;
    const { batchBytesMax, onBadPush } = this.#options;
    const checked = checkPush(message, batchBytesMax);
    if (checked.ok) return checked.value;
    onBadPush({ from, key, problem: checked.problem });
    return undefined;
  }

  #findProblem(hello: ReplicaHello): ReplicaHelloProblem | { readonly type: 'not-serving' } | undefined {
    const self = this.#options.self();
    if (self === undefined) return { type: 'not-serving' };
    return findReplicaHelloProblem(self, hello, this.#options.newestOf);
  }

  #statusOf(problem: ReplicaHelloProblem | { readonly type: 'not-serving' }): Status {
    return problem.type === 'not-serving'
      ? statusOf('unavailable', 'the broker is starting or stopping; try again')
      : this.#options.codec.statusOfHelloProblem(problem);
  }

  #refuse(stream: Answering, why: string): void {
    // By host alone: every attempt has a port of its own, and what cannot be read is unreadable in many ways.
    const { peer } = stream.incoming;
    this.#reportOnce(`${peer.slice(0, peer.lastIndexOf(':'))} unreadable`, { peer, why });
    this.#part(stream, statusOf('invalid-argument', `the stream cannot go on: ${why}`));
  }

  #part(stream: Answering, status: Status): void {
    stream.close(status);
    this.#lose(stream);
  }

  /** The other broker knows, or is another life. */
  #end(stream: Answering, status: Status): void {
    const caller = this.#callers.get(stream);
    this.#callers.delete(stream);
    stream.close(status);
    if (caller !== undefined) this.#options.events.onLinkLost(caller.hello.from);
  }

  #lose(stream: Answering): void {
    const caller = this.#callers.get(stream);
    if (caller === undefined) return;
    this.#callers.delete(stream);
    // Before anything that is said because of it.
    this.#options.onStreamLost(caller.hello.from);
    this.#options.events.onLinkLost(caller.hello.from);
  }

  #reportOnce(what: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#refused.has(what) || this.#refused.size >= refusedMax) return;
    this.#refused.add(what);
    this.#options.eventLog.emit('warn', 'refused a stream of another broker', facts);
  }
}

/** A stream that may be closed for several reasons at once, and is closed once. */
class Answering {
  readonly incoming: IncomingStream;
  readonly #stream: AcceptedStream;
  #isClosed = false;

  constructor(incoming: IncomingStream, stream: AcceptedStream) {
    this.incoming = incoming;
    this.#stream = stream;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get creditBytes(): number {
    return this.#stream.creditBytes;
  }

  send(ownedParts: readonly Uint8Array[]): void {
    this.#stream.send(ownedParts);
  }

  release(receivedBytes: number): void {
    this.#stream.release(receivedBytes);
  }

  close(status: Status): void {
    if (!this.#isClosed) this.#stream.close(status);
    this.#isClosed = true;
  }
}
