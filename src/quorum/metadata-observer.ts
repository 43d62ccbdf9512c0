/**
 * A node without a vote that follows the quorum's log: brokers, and tools that look at the metadata.
 *
 * It gets committed entries only, from any voter, from where it is or from a snapshot, and so never takes anything
 * back. A voter that ends the stream, or is silent, is left for the next; what was applied stays, and the next voter
 * goes on from there. Commands and heartbeats go to any voter, which passes them on.
 * Read next: follow-stream.ts (the voter's side), metadata-state-machine.ts.
 */
import { assertUnreachable } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { ClusterId } from '../base/ids.ts';
import { nextIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Heard } from '../metadata/control-call.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataRequest } from '../metadata/metadata-command.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { delay, type Clock, type Timer } from '../ports/clock.ts';
import type { Codec } from '../ports/codec.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { Channel, Network, OpenedStream } from '../ports/stream.ts';
import { callUnary } from '../ports/unary.ts';
import type { FollowPart, FollowStart } from '../raft/follow-message.ts';
import type { LeaderRefusal } from '../raft/leader-call.ts';
import type { Entry } from '../raft/raft-entry.ts';
import { controlMethods, type ControlServiceCodecs } from './control-service.ts';
import { aliveMs } from './follow-stream.ts';
import type { MetadataQuorum, MetadataReply, RevisionProblem } from './metadata-quorum.ts';
import type { MetadataStateMachine } from './metadata-state-machine.ts';
import { RevisionWaits } from './revision-waits.ts';
import { replyOf } from './voter-metadata.ts';
import { VoterRotation } from './voter-rotation.ts';

export interface MetadataObserverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly eventLog: EventLog;
  readonly clusterId: ClusterId;
  /** Peer endpoints of voters; not all need be there. */
  readonly voters: readonly string[];
  readonly machine: MetadataStateMachine;
  readonly codecs: Pick<
    ControlServiceCodecs,
    'decideRequest' | 'decideReply' | 'heartbeatRequest' | 'heartbeatReply' | 'currentRevisionReply'
  >;
  readonly follow: {
    readonly request: Pick<Codec<FollowStart>, 'encode'>;
    readonly reply: Pick<Codec<FollowPart>, 'decode'>;
  };
  readonly onFatal: (fault: unknown) => void;
}

/** A voter that follows a leader says that it is there more often. */
const silentMsMax = 4 * aliveMs;
const retryMs = 50;
const attemptMsMax = 2000;
const snapshotBytesMax = 1024 * 1024 * 1024;

export class MetadataObserver implements MetadataQuorum {
  readonly #options: MetadataObserverOptions;
  readonly #voters: VoterRotation;
  readonly #waits: RevisionWaits;
  #stream: OpenedStream | undefined;
  #silence: Timer | undefined;
  #retry: Timer | undefined;
  #pieces: Uint8Array[] = [];
  #isStopped = false;

  constructor(options: MetadataObserverOptions) {
    this.#options = options;
    this.#voters = new VoterRotation({ ...options, endpoints: options.voters });
    this.#waits = new RevisionWaits(options.machine, options.clock);
  }

  get image(): MetadataImage {
    return this.#options.machine.image;
  }

  start(): void {
    this.#followNext();
  }

  stop(): void {
    this.#isStopped = true;
    this.#silence?.cancel();
    this.#retry?.cancel();
    this.#waits.close();
    this.#voters.close();
  }

  /** More addresses to turn to. */
  learnVoters(endpoints: readonly string[]): void {
    this.#voters.learn(endpoints);
  }

  untilRevision(revision: LogIndex, waitMs: number): Promise<Result<MetadataImage, RevisionProblem>> {
    return this.#waits.until(revision, waitMs);
  }

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    return this.#options.machine.onChange(listener);
  }

  async request(request: MetadataRequest, waitMs: number): Promise<MetadataReply> {
    const { decideRequest, decideReply } = this.#options.codecs;
    const encoded = decideRequest.encode(request);
    let reply: MetadataReply = nobodyServed;
    let isUnknown = false;
    await this.#untilAnswered({ method: controlMethods.decide, request: encoded, waitMs }, (answer) => {
      const decoded = answer === undefined ? undefined : decideReply.decode(answer);
      reply = decoded?.ok === true ? replyOf(decoded.value) : { type: 'outcome-unknown' };
      const isDecided = reply.type === 'done' || reply.type === 'refused';
      isUnknown ||= reply.type === 'outcome-unknown';
      // An attempt that may still be on its way is not undone by a later one's refusal.
      if (isUnknown && reply.type !== 'done') reply = { type: 'outcome-unknown' };
      return isDecided;
    });
    return reply;
  }

  async currentRevision(waitMs: number): Promise<Result<LogIndex, LeaderRefusal>> {
    const { currentRevisionReply } = this.#options.codecs;
    let revision: LogIndex | undefined;
    const call = { method: controlMethods.currentRevision, request: new Uint8Array(0), waitMs };
    await this.#untilAnswered(call, (answer) => {
      const decoded = answer === undefined ? undefined : currentRevisionReply.decode(answer);
      if (decoded?.ok === true) revision = decoded.value;
      return revision !== undefined;
    });
    return revision === undefined ? refused(nobodyServed.problem) : ok(revision);
  }

  /** Undefined when no controller was reached in time. */
  async heartbeat(heartbeat: BrokerHeartbeat, waitMs: number): Promise<Heard | undefined> {
    const { heartbeatRequest, heartbeatReply } = this.#options.codecs;
    let heard: Heard | undefined;
    const call = { method: controlMethods.heartbeat, request: heartbeatRequest.encode(heartbeat), waitMs };
    await this.#untilAnswered(call, (answer) => {
      const decoded = answer === undefined ? undefined : heartbeatReply.decode(answer);
      if (decoded?.ok === true) heard = decoded.value;
      return heard !== undefined;
    });
    return heard;
  }

  /** Asks one voter after the other until `isAnswer` or the time is over. */
  async #untilAnswered(
    { method, request, waitMs }: { method: string; request: Uint8Array; waitMs: number },
    isAnswer: (answer: Uint8Array | undefined) => boolean,
  ): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    for (let leftMs = waitMs; leftMs > 0 && !this.#isStopped; leftMs = endMs - clock.monotonicMs()) {
      const channel = this.#voters.current;
      const options = { deadlineMs: Math.max(1, Math.min(leftMs, attemptMsMax)), headers: {} };
      const reply = await callUnary(channel, { method, request: [request], options });
      if (isAnswer(reply.ok ? reply.value : undefined)) return;
      this.#voters.moveOnFrom(channel);
      await delay(clock, retryMs);
    }
  }

  #followNext(): void {
    if (this.#isStopped) return;
    const { clusterId, follow, eventLog } = this.#options;
    const channel = this.#voters.current;
    let isOver = false;
    const stream = channel.open(
      controlMethods.follow,
      { deadlineMs: undefined, headers: {} },
      {
        onMessage: (ownedMessage) => {
          if (!isOver) this.#onPart(channel, ownedMessage);
          stream.release(ownedMessage.length);
        },
        onCredit() {},
        onEnd() {},
        onClose: ({ name, message }) => {
          isOver = true;
          if (this.#isStopped || this.#stream !== stream) return;
          eventLog.emit('debug', 'leaves a voter that it followed', { voter: channel.endpoint, status: name, message });
          this.#leave(channel);
        },
      },
    );
    this.#stream = stream;
    this.#pieces = [];
    stream.send([follow.request.encode({ clusterId, revision: this.image.revision })]);
    this.#expectSoon(channel);
  }

  #onPart(channel: Channel, ownedMessage: Uint8Array): void {
    const part = this.#options.follow.reply.decode(ownedMessage);
    if (!part.ok) return this.#leave(channel);
    this.#expectSoon(channel);
    try {
      return this.#take(channel, part.value);
    } catch (fault) {
      this.#isStopped = true;
      return this.#options.onFatal(fault);
    }
  }

  #take(channel: Channel, part: FollowPart): void {
    switch (part.type) {
      case 'alive':
        return undefined;
      case 'entries':
        return this.#applyEntries(channel, part.entries);
      case 'snapshot-piece':
        return this.#addPiece(part.piece, part.isLast);
      default:
        return assertUnreachable(part);
    }
  }

  #applyEntries(channel: Channel, entries: readonly Entry[]): void {
    let expected = nextIndex(this.image.revision);
    for (const { index } of entries) {
      // A voter that skips entries is no source.
      if (index !== expected) return this.#leave(channel);
      expected = nextIndex(index);
    }
    const last = entries.at(-1);
    if (last === undefined) return undefined;
    const commands = entries.flatMap(({ index, term, payload }) =>
      payload.type === 'command' ? [{ index, term, bytes: payload.bytes }] : [],
    );
    this.#options.machine.apply(commands, last.index);
    return undefined;
  }

  #addPiece(piece: Uint8Array, isLast: boolean): void {
    this.#pieces.push(piece);
    const bytes = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    if (bytes > snapshotBytesMax)
      throw new FaultError('a snapshot of the metadata is larger than this node takes', { bytes });
    if (!isLast) return;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#options.machine.restore(whole);
  }

  #expectSoon(channel: Channel): void {
    this.#silence?.cancel();
    this.#silence = this.#options.clock.callAfterMs(silentMsMax, () => {
      this.#leave(channel);
    });
  }

  #leave(channel: Channel): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#silence?.cancel();
    stream?.reset();
    this.#voters.moveOnFrom(channel);
    this.#retry?.cancel();
    this.#retry = this.#options.clock.callAfterMs(retryMs, () => {
      this.#followNext();
    });
  }
}

const nobodyServed = { type: 'not-served', problem: { type: 'not-leader', leader: undefined } } as const;
