/**
 * Runs the bootstrap core: asks the listed voters, answers theirs, persists the founding set, and tells the log what
 * a person has to do. It answers questions for as long as the voter runs.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { VoterId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOf, type Status } from '../base/status.ts';
import { Driver, driverLimitsDefault, type Outcome } from '../drive/driver.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Channel, Network, OwnedParts } from '../ports/stream.ts';
import { callUnary, type UnaryHandler } from '../ports/unary.ts';
import type {
  BootstrapAnswer,
  BootstrapEffect,
  BootstrapEvent,
  BootstrapProblem,
  FoundingStanding,
} from '../raft/bootstrap-messages.ts';
import type { FoundingSet } from '../raft/founding-set.ts';
import { RaftBootstrap, type BootstrapOptions } from '../raft/raft-bootstrap.ts';
import { peerMethods, type QuorumCodecs } from './quorum-codecs.ts';

export interface BootstrapRunnerOptions {
  readonly bootstrap: BootstrapOptions;
  readonly clock: Clock;
  readonly network: Network;
  readonly eventLog: EventLog;
  readonly codecs: QuorumCodecs;
  readonly persist: (founding: FoundingSet) => Promise<void>;
  readonly onJoined: (founding: FoundingSet, standing: FoundingStanding) => void;
  readonly onFatal: (fault: unknown) => void;
}

export const bootstrapAskIntervalMs = 50;
const askDeadlineMs = 1000;
/** Long enough that a cluster whose voters start together stays silent. */
const reportMissingAfterMs = 3000;

export class BootstrapRunner {
  readonly #options: BootstrapRunnerOptions;
  readonly #core: RaftBootstrap;
  readonly #driver: Driver<BootstrapEvent, BootstrapEffect>;
  readonly #channels = new Map<VoterId, Channel>();
  readonly #asking = new Set<VoterId>();
  readonly #answers = new Map<number, (answer: BootstrapAnswer) => void>();
  #callId = 0;
  #timer: Timer | undefined;
  #startedMs = 0;
  #isMissingReported = false;
  #ended = false;

  constructor(options: BootstrapRunnerOptions) {
    this.#options = options;
    this.#core = new RaftBootstrap(options.bootstrap);
    this.#driver = new Driver({
      machine: this.#core,
      schedule: () => ({ kind: 'now' }),
      perform: (effect) => this.#perform(effect),
      onFatal: options.onFatal,
      clock: options.clock,
      limits: driverLimitsDefault,
    });
  }

  /** Only for a voter that has not joined yet. */
  start(): void {
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#askAgain();
  }

  async stop(): Promise<void> {
    this.#endAsking();
    await this.#driver.stop();
    for (const answer of this.#answers.values()) answer({ type: 'wait' });
  }

  readonly answer: UnaryHandler = async (_call, ownedRequest): Promise<Result<OwnedParts, Status>> => {
    const question = this.#options.codecs.question.decode(ownedRequest);
    if (!question.ok) return refused(statusOf('invalid-argument', question.problem.why));
    const answer = await new Promise<BootstrapAnswer>((resolve) => {
      this.#callId += 1;
      const callId = this.#callId;
      this.#answers.set(callId, resolve);
      if (this.#driver.submit({ type: 'asked', callId, question: question.value }).ok) return;
      this.#answers.delete(callId);
      resolve({ type: 'wait' });
    });
    return ok([this.#options.codecs.introduction.encode(answer)]);
  };

  #askAgain(): void {
    if (this.#ended) return;
    const { clock, eventLog } = this.#options;
    this.#timer = clock.callAfterMs(bootstrapAskIntervalMs, () => this.#askAgain());
    this.#driver.submit({ type: 'ask-time' });
    if (this.#isMissingReported || clock.monotonicMs() - this.#startedMs < reportMissingAfterMs) return;
    this.#isMissingReported = true;
    eventLog.emit('warn', 'waits for listed voters before the cluster can be founded', {
      missing: this.#core.unanswered,
      remedy: 'start them, or correct the list of voters and their peer endpoints',
    });
  }

  #endAsking(): void {
    this.#ended = true;
    this.#timer?.cancel();
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #perform(effect: BootstrapEffect): Outcome<BootstrapEvent> {
    switch (effect.type) {
      case 'ask':
        return this.#ask(effect);
      case 'answer':
        this.#answers.get(effect.callId)?.(effect.answer);
        this.#answers.delete(effect.callId);
        return undefined;
      case 'persist':
        return this.#options.persist(effect.founding).then(() => ({ type: 'persisted' }));
      case 'joined':
        this.#endAsking();
        this.#options.onJoined(effect.founding, effect.standing);
        return undefined;
      case 'report':
        report(this.#options.eventLog, effect.problem);
        return undefined;
      default:
        return assertUnreachable(effect);
    }
  }

  /** One question to a voter at a time: a slow one is not asked more often than it answers. */
  async #ask({ to, round, question }: Extract<BootstrapEffect, { type: 'ask' }>): Promise<BootstrapEvent | undefined> {
    if (this.#asking.has(to) || this.#ended) return undefined;
    this.#asking.add(to);
    try {
      const reply = await callUnary(this.#channelTo(to), {
        method: peerMethods.introduce,
        request: [this.#options.codecs.question.encode(question)],
        options: { deadlineMs: askDeadlineMs, headers: {} },
      });
      if (!reply.ok) return undefined;
      const answer = this.#options.codecs.introduction.decode(reply.value);
      return answer.ok ? { type: 'answered', from: to, round, answer: answer.value } : undefined;
    } finally {
      this.#asking.delete(to);
    }
  }

  #channelTo(voterId: VoterId): Channel {
    const known = this.#channels.get(voterId);
    if (known !== undefined) return known;
    const listed = this.#options.bootstrap.listed.find((voter) => voter.voterId === voterId);
    const channel = this.#options.network.channel(listed?.peerEndpoint ?? '');
    this.#channels.set(voterId, channel);
    return channel;
  }
}

function report(eventLog: EventLog, problem: BootstrapProblem): void {
  switch (problem.type) {
    case 'lists-differ':
      eventLog.emit('error', 'another voter lists other voters, so the cluster is not founded', {
        ...problem,
        remedy: 'give all voters the same list',
      });
      return;
    case 'unsound-set':
      eventLog.emit('error', 'a voter answers with a founding set that cannot be', { ...problem });
      return;
    case 'directory-replaced':
      eventLog.emit('error', 'the cluster knows this voter under another directory, so it does not vote', {
        clusterId: problem.founding.clusterId,
        known: problem.known,
        ours: problem.ours,
        remedy: 'RemoveVoter with the old directory id, then AddVoter with this one',
      });
      return;
    case 'not-a-founder':
      eventLog.emit('warn', 'this node is no founding voter of the cluster; it votes once it has been added', {
        clusterId: problem.founding.clusterId,
        ours: problem.ours,
        remedy: 'AddVoter with this directory id, unless that has happened already',
      });
      return;
    case 'founding-lost':
      eventLog.emit('error', 'this directory founded the cluster and has lost what it wrote then', {
        clusterId: problem.founding.clusterId,
        remedy: 'distrust this disk: RemoveVoter, then AddVoter with an empty directory',
      });
      return;
    default:
      assertUnreachable(problem);
  }
}
