/**
 * A voter's side of a node that follows its log without a vote: committed entries as they come, as fast as the
 * follower gives credit; a snapshot first where the log does not reach back far enough.
 *
 * One run of entries, or one snapshot, is held per follower. A voter that has lost its leader lets its followers go:
 * it may be cut off, and they are better off with another.
 */
import { indexZero, logIndex, nextIndex, type LogIndex } from '../base/raft-position.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { ClusterId } from '../base/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Codec } from '../ports/codec.ts';
import type { AcceptedStream, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';
import type { FollowPart, FollowStart } from '../raft/follow-message.ts';
import type { HelloProblem } from '../raft/peer-hello.ts';
import type { CommittedRecords } from './committed-records.ts';

export interface FollowParts {
  readonly clock: Clock;
  readonly codecs: {
    readonly request: Pick<Codec<FollowStart>, 'decode'>;
    readonly reply: Pick<Codec<FollowPart>, 'encode'>;
    readonly statusOfHelloProblem: (problem: HelloProblem) => Status;
  };
  /** Undefined until the voter belongs to a cluster. */
  readonly clusterId: () => ClusterId | undefined;
  readonly records: () => CommittedRecords | undefined;
  readonly hasLeader: () => boolean;
  readonly onFault: (fault: unknown) => void;
}

export const aliveMs = 500;
const followersMax = 1024;
const runBytesMax = 64 * 1024;
const pieceBytesMax = 256 * 1024;

export function acceptFollowers(parts: FollowParts): StreamAcceptor {
  let followers = 0;
  return (_incoming, stream) => {
    followers += 1;
    const follower = new Follower(parts, stream, () => {
      followers -= 1;
    });
    if (followers > followersMax)
      follower.refuse(statusOf('resource-exhausted', `${followersMax} nodes follow this voter already; ask another`));
    return follower;
  };
}

class Follower implements StreamHandlers {
  readonly #parts: FollowParts;
  readonly #stream: AcceptedStream;
  readonly #onGone: () => void;
  #records: CommittedRecords | undefined;
  #next: LogIndex = indexZero;
  /** Of a snapshot that is being sent. */
  #pieces: Uint8Array[] = [];
  #isReading = false;
  #isOpen = true;
  #wasLeaderless = false;
  #timer: Timer | undefined;
  #forgetMore: () => void = () => {};

  constructor(parts: FollowParts, stream: AcceptedStream, onGone: () => void) {
    this.#parts = parts;
    this.#stream = stream;
    this.#onGone = onGone;
  }

  onMessage(ownedMessage: Uint8Array): void {
    this.#stream.release(ownedMessage.length);
    if (!this.#isOpen) return;
    const start = this.#parts.codecs.request.decode(ownedMessage);
    if (!start.ok) this.refuse(statusOf('invalid-argument', start.problem.why));
    else if (this.#records !== undefined) this.refuse(statusOf('invalid-argument', 'it takes exactly one request'));
    else this.#begin(start.value);
  }

  onCredit(): void {
    this.#run();
  }

  onEnd(): void {}

  onClose(): void {
    this.#end();
    this.#onGone();
  }

  refuse(status: Status): void {
    if (!this.#isOpen) return;
    this.#end();
    this.#stream.close(status);
  }

  #begin({ clusterId: named, revision }: FollowStart): void {
    const ours = this.#parts.clusterId();
    const records = this.#parts.records();
    if (ours === undefined || records === undefined) return this.refuse(notReady);
    if (ours !== named)
      return this.refuse(this.#parts.codecs.statusOfHelloProblem({ type: 'other-cluster', ours, named }));
    this.#records = records;
    this.#next = nextIndex(revision);
    this.#forgetMore = records.onMore(() => {
      this.#run();
    });
    this.#sayAlive();
    this.#run();
    return undefined;
  }

  #sayAlive(): void {
    this.#timer = this.#parts.clock.callAfterMs(aliveMs, () => {
      const isLeaderless = !this.#parts.hasLeader();
      if (isLeaderless && this.#wasLeaderless) return this.refuse(cutOff);
      this.#wasLeaderless = isLeaderless;
      if (!isLeaderless && !this.#isReading && this.#stream.creditBytes > 0) this.#send({ type: 'alive' });
      return this.#sayAlive();
    });
  }

  /** Harmless when there is nothing to do now. */
  #run(): void {
    const records = this.#records;
    if (!this.#isOpen || this.#isReading || records === undefined) return;
    if (records.isClosed) return this.refuse(notReady);
    while (this.#pieces.length > 0 && this.#stream.creditBytes > 0) this.#sendPiece();
    if (this.#pieces.length > 0 || this.#stream.creditBytes <= 0 || this.#next > records.lastIndex) return;
    this.#isReading = true;
    this.#read(records).then(() => {
      this.#isReading = false;
      this.#run();
    }, this.#parts.onFault);
  }

  async #read(records: CommittedRecords): Promise<void> {
    const run = await records.read(this.#next, runBytesMax);
    if (!this.#isOpen) return undefined;
    if (!run.ok) return this.#readSnapshot(records);
    const last = run.value.at(-1);
    if (last === undefined) return undefined;
    this.#send({ type: 'entries', entries: run.value });
    this.#next = nextIndex(last.index);
    return undefined;
  }

  async #readSnapshot(records: CommittedRecords): Promise<void> {
    const snapshot = await records.readSnapshot();
    // Replaced while it was read: the next one is tried by the next run.
    if (snapshot === undefined || snapshot.lastIndex < this.#next) return;
    for (let at = 0; at < snapshot.content.length; at += pieceBytesMax)
      this.#pieces.push(snapshot.content.subarray(at, at + pieceBytesMax));
    this.#next = logIndex(snapshot.lastIndex + 1);
  }

  #sendPiece(): void {
    const piece = this.#pieces.shift();
    if (piece !== undefined) this.#send({ type: 'snapshot-piece', piece, isLast: this.#pieces.length === 0 });
  }

  #send(part: FollowPart): void {
    this.#stream.send([this.#parts.codecs.reply.encode(part)]);
  }

  #end(): void {
    this.#isOpen = false;
    this.#pieces = [];
    this.#timer?.cancel();
    this.#forgetMore();
  }
}

const notReady = statusOf('unavailable', 'this voter is starting or stopping; follow another');
const cutOff = statusOf('unavailable', 'this voter knows no leader and may be cut off; follow another');
