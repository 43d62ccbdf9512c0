/**
 * The quorum as a node without a vote knows it: what a voter said of it a moment ago.
 *
 * It asks one voter after the other, from a few addresses on: whoever answers names all voters, so that a node needs
 * one that is right, and goes on when that one is replaced. What nobody has confirmed for a while has no leader.
 * Read next: control-service.ts (the voter's side).
 */
import type { ClusterId } from '../base/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Codec } from '../ports/codec.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { Network } from '../ports/stream.ts';
import { callUnary } from '../ports/unary.ts';
import { controlMethods } from './control-service.ts';
import type { QuorumDescription } from './quorum-description.ts';
import { VoterRotation } from './voter-rotation.ts';

export interface QuorumWatchOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly eventLog: EventLog;
  /** Peer endpoints of voters; not all need be there. */
  readonly voters: readonly string[];
  readonly codec: Pick<Codec<QuorumDescription>, 'decode'>;
  /** The peer endpoints of all voters, each time that somebody says who they are. */
  readonly onVoters: (endpoints: readonly string[]) => void;
}

const askIntervalMs = 1000;
/** Until the cluster is known, for a node that waits for it; afterwards, to the next voter when one does not answer. */
const retryIntervalMs = 100;
const askDeadlineMs = 1000;
const staleMsMin = 3000;
const reportAfterMs = 3000;

export class QuorumWatch {
  readonly #options: QuorumWatchOptions;
  readonly #voters: VoterRotation;
  readonly #onKnown: ((clusterId: ClusterId) => void)[] = [];
  readonly #startedMs: number;
  #heard: QuorumDescription | undefined;
  #heardAtMs = 0;
  #isReported = false;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: QuorumWatchOptions) {
    this.#options = options;
    this.#voters = new VoterRotation({ ...options, endpoints: options.voters });
    this.#startedMs = options.clock.monotonicMs();
  }

  /** Undefined until a voter that belongs to a cluster has answered. */
  get description(): QuorumDescription | undefined {
    if (this.#heard === undefined) return undefined;
    const isStale = this.#options.clock.monotonicMs() - this.#heardAtMs > staleMsMin;
    return isStale ? { ...this.#heard, leaderId: undefined } : this.#heard;
  }

  start(): void {
    void this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#voters.close();
  }

  untilKnown(): Promise<ClusterId> {
    const { clusterId } = this.#heard ?? {};
    if (clusterId !== undefined) return Promise.resolve(clusterId);
    return new Promise((resolve) => {
      this.#onKnown.push(resolve);
    });
  }

  async #ask(): Promise<void> {
    const { clock, codec } = this.#options;
    const channel = this.#voters.current;
    const options = { deadlineMs: askDeadlineMs, headers: {} };
    const reply = await callUnary(channel, { method: controlMethods.describe, request: [new Uint8Array(0)], options });
    if (this.#isStopped) return;
    const quorum = reply.ok ? codec.decode(reply.value) : undefined;
    const isAnswer = quorum?.ok === true && quorum.value.clusterId !== undefined;
    if (isAnswer) this.#hear(quorum.value);
    else {
      this.#voters.moveOnFrom(channel);
      this.#reportSilence(channel.endpoint);
    }
    this.#timer = clock.callAfterMs(isAnswer ? askIntervalMs : retryIntervalMs, () => void this.#ask());
  }

  #hear(quorum: QuorumDescription): void {
    const endpoints = quorum.voters.map(({ peerEndpoint }) => peerEndpoint);
    this.#heard = quorum;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    this.#voters.learn(endpoints);
    this.#options.onVoters(endpoints);
    if (quorum.clusterId !== undefined) for (const tell of this.#onKnown.splice(0)) tell(quorum.clusterId);
  }

  #reportSilence(voter: string): void {
    const { clock, eventLog, voters } = this.#options;
    if (this.#heard !== undefined || this.#isReported || clock.monotonicMs() - this.#startedMs < reportAfterMs) return;
    this.#isReported = true;
    eventLog.emit('warn', 'waits for a voter that belongs to a cluster', {
      asked: voters,
      last: voter,
      remedy: 'start the voters, or correct their peer endpoints in quorum.voters',
    });
  }
}
