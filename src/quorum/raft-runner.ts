/**
 * Runs one Raft core: events in, effects performed, no decision of its own.
 *
 * Group commit needs nothing here: the core has one `persist` in flight and puts into the next whatever came up
 * meanwhile. Everything that touches the state machine shares one lane, so that an answer never overtakes the
 * `apply` that it reports, however long a snapshot takes to restore.
 * Read next: raft/raft-effect.ts (the contract), voter-store.ts, snapshot-keeper.ts.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { StateMachine } from '../base/state-machine.ts';
import { Driver, driverLimitsDefault, type DriverLimits, type Outcome, type Schedule } from '../drive/driver.ts';
import type { Term } from '../base/raft-position.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { LeaderAnswer, RaftCall } from '../raft/leader-call.ts';
import type { RaftEffect } from '../raft/raft-effect.ts';
import type { Voter } from '../raft/raft-entry.ts';
import type { Proposal, RaftEvent } from '../raft/raft-event.ts';
import type { RaftView } from '../raft/raft-view.ts';
import type { Raft } from '../raft/raft.ts';
import type { ControllerPart } from './controller-part.ts';
import type { PeerSender } from './peer-acceptor.ts';
import type { PeerLinks } from './peer-links.ts';
import { PendingCalls, refusedCall } from './pending-calls.ts';
import type { SnapshotKeeper } from './snapshot-keeper.ts';
import type { VoterStore } from './voter-store.ts';
import type { RaftMessage } from '../raft/raft-message.ts';

/** Sees what the core decides and changes nothing: the checks of a simulation, or a tracer. */
export interface RaftWatch {
  onStart(view: RaftView): void;
  onStep(view: RaftView, event: RaftEvent, effects: readonly RaftEffect[]): void;
}

/** Of this voter's own controller. */
interface ProposeCall {
  readonly type: 'propose';
  readonly command: Uint8Array;
}

export interface RaftRunnerOptions {
  readonly raft: Raft;
  readonly watch: RaftWatch | undefined;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly store: VoterStore;
  readonly links: Pick<PeerLinks, 'send' | 'setPeers'>;
  readonly keeper: SnapshotKeeper;
  /** What else works while this voter leads; told in the order in which the state machine sees it. */
  readonly controller: Pick<ControllerPart, 'leads' | 'lost'>;
  readonly onFatal: (fault: unknown) => void;
}

const ticksPerHeartbeat = 4;
const proposalsPerTurnMax = 4096;
/** Raft messages come in bursts when many calls are in flight. */
const limits: DriverLimits = { ...driverLimitsDefault, eventsWaitingMax: 16_384 };

const now: Schedule = { kind: 'now' };
const machineLane: Schedule = { kind: 'lane', lane: 'state machine' };

export class RaftRunner {
  readonly #options: RaftRunnerOptions;
  readonly #driver: Driver<RaftEvent, RaftEffect>;
  readonly #calls = new PendingCalls();
  readonly #tickMs: number;
  #proposals: Proposal[] = [];
  #timer: Timer | undefined;
  #isControlling = false;
  #stopped = false;

  constructor(options: RaftRunnerOptions) {
    this.#options = options;
    this.#tickMs = Math.max(1, Math.floor(options.heartbeatMs / ticksPerHeartbeat));
    this.#driver = new Driver({
      machine: watched(options),
      schedule: scheduleOf,
      perform: (effect) => this.#perform(effect),
      onFatal: options.onFatal,
      clock: options.clock,
      limits,
    });
  }

  get view(): RaftView {
    return this.#options.raft.view;
  }

  start(peers: readonly Voter[]): void {
    this.#options.links.setPeers(peers);
    this.#tick();
  }

  /** Nothing is decided any more; resolves when what was begun on the disk has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#calls.endAll();
    await this.#driver.stop();
  }

  /** A message that finds no room is lost, as messages may be. */
  onMessage({ voterId, directoryId }: PeerSender, message: RaftMessage): void {
    this.#driver.submit({ type: 'message', from: voterId, fromDirectory: directoryId, message });
  }

  /** Answered by this voter alone: refused as `not-leader` unless it leads. */
  ask(call: RaftCall | ProposeCall): Promise<LeaderAnswer> {
    if (this.#stopped) return Promise.resolve(refusedCall({ type: 'not-serving' }));
    return new Promise((resolve) => {
      this.#begin(call, resolve);
    });
  }

  #begin(call: RaftCall | ProposeCall, resolve: (answer: LeaderAnswer) => void): void {
    switch (call.type) {
      case 'propose':
        this.#propose({ proposalId: this.#calls.addProposal(resolve), bytes: call.command });
        return;
      case 'read-index':
        this.#submitCall({ type: 'read', readId: this.#calls.addRead(resolve) });
        return;
      case 'change-voters': {
        const proposalId = this.#calls.addProposal(resolve);
        this.#submitCall({ type: 'change-voters', proposalId, change: call.change });
        return;
      }
      case 'transfer':
        if (this.#calls.isTransferring) resolve(refusedCall({ type: 'change-in-progress' }));
        else {
          this.#calls.setTransfer(resolve);
          this.#submitCall({ type: 'transfer', target: call.target });
        }
        return;
      default:
        assertUnreachable(call);
    }
  }

  /** Proposals of one turn go to the core together. */
  #propose(proposal: Proposal): void {
    if (this.#proposals.length >= proposalsPerTurnMax) {
      this.#calls.refused(proposal.proposalId, { type: 'limit-reached', limit: 'proposalsPerTurnMax' });
      return;
    }
    this.#proposals.push(proposal);
    if (this.#proposals.length > 1) return;
    this.#options.clock.callSoon(() => {
      const proposals = this.#proposals;
      this.#proposals = [];
      if (this.#driver.submit({ type: 'propose', proposals }).ok) return;
      for (const { proposalId } of proposals) this.#calls.refused(proposalId, overloaded);
    });
  }

  #submitCall(event: Extract<RaftEvent, { type: 'read' | 'change-voters' | 'transfer' }>): void {
    if (this.#driver.submit(event).ok) return;
    switch (event.type) {
      case 'read':
        this.#calls.readRefused(event.readId, overloaded);
        return;
      case 'change-voters':
        this.#calls.refused(event.proposalId, overloaded);
        return;
      case 'transfer':
        this.#calls.transferEnded('timed-out');
        return;
      default:
        assertUnreachable(event);
    }
  }

  #tick(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#timer = clock.callAfterMs(this.#tickMs, () => this.#tick());
    this.#driver.submit({ type: 'tick', nowMs: clock.monotonicMs() });
  }

  #perform(effect: RaftEffect): Outcome<RaftEvent> {
    const { store, links, keeper } = this.#options;
    switch (effect.type) {
      case 'persist':
        return store.persist(effect).then(() => ({ type: 'persisted', sequence: effect.sequence }));
      case 'install-snapshot':
        return store.install(effect).then(() => ({ type: 'persisted', sequence: effect.sequence }));
      case 'store-snapshot-chunk':
        return this.#storeChunk(effect);
      case 'load-entries':
        return store.entries(effect).then((entries) => ({ type: 'entries-loaded', purpose: effect.purpose, entries }));
      case 'load-snapshot-chunk':
        return store.loadChunk(effect).then((chunk) => ({ type: 'snapshot-chunk-loaded', to: effect.to, chunk }));
      case 'send':
        links.send(effect.to, effect.message);
        return undefined;
      case 'apply':
        keeper.apply(effect.entries);
        this.#keepSnapshots();
        return undefined;
      case 'restore-snapshot':
        return keeper.restore(effect.snapshot).then(() => undefined);
      case 'proposal-committed':
      case 'proposal-refused':
      case 'proposal-outcome-unknown':
      case 'read-ready':
      case 'read-refused':
      case 'transfer-ended':
        this.#answer(effect);
        return undefined;
      default:
        return this.#note(effect);
    }
  }

  async #storeChunk({ chunk }: Extract<RaftEffect, { type: 'store-snapshot-chunk' }>): Promise<RaftEvent> {
    const nextOffset = await this.#options.store.storeChunk(chunk);
    const { snapshot, isLast } = chunk;
    return { type: 'snapshot-chunk-stored', snapshot, nextOffset, isLast };
  }

  /** Beside everything else; the core hears of it when it is durable. */
  #keepSnapshots(): void {
    const snapshot = this.#options.keeper.startWhenDue();
    if (snapshot === undefined) return;
    snapshot.then(
      (event) => {
        if (event !== undefined) this.#driver.submit(event);
      },
      (fault: unknown) => {
        if (!this.#stopped) this.#options.onFatal(fault);
      },
    );
  }

  #answer(effect: AnswerEffect): void {
    switch (effect.type) {
      case 'proposal-committed':
        this.#calls.committed(effect.proposalId, effect.index, this.#options.keeper.replyAt(effect.index));
        return;
      case 'proposal-refused':
        this.#calls.refused(effect.proposalId, effect.problem);
        return;
      case 'proposal-outcome-unknown':
        this.#calls.unknown(effect.proposalId);
        return;
      case 'read-ready':
        this.#calls.readReady(effect.readId, effect.index);
        return;
      case 'read-refused':
        this.#calls.readRefused(effect.readId, effect.problem);
        return;
      case 'transfer-ended':
        this.#calls.transferEnded(effect.outcome);
        return;
      default:
        assertUnreachable(effect);
    }
  }

  /** Leadership may be over again by the time that the state machine has caught up with it. */
  #beginControl(term: Term): void {
    if (!this.view.isEstablished || this.view.term !== term) return;
    this.#isControlling = true;
    this.#options.controller.leads();
  }

  #endControl(): void {
    if (!this.#isControlling) return;
    this.#isControlling = false;
    this.#options.controller.lost();
  }

  #note(effect: FactEffect): undefined {
    const { eventLog, links } = this.#options;
    switch (effect.type) {
      case 'became-follower':
        this.#endControl();
        eventLog.emit('info', 'follows', { term: effect.term, leader: effect.leader });
        return;
      case 'became-candidate':
        // Who is cut off asks for pre-votes twice a second, for as long as it lasts.
        eventLog.emit(effect.isPreVote ? 'debug' : 'info', 'asks for votes', {
          term: effect.term,
          isPreVote: effect.isPreVote,
        });
        return;
      case 'became-leader':
        eventLog.emit('info', 'leads the quorum', { term: effect.term });
        return;
      case 'leadership-established':
        eventLog.emit('info', 'committed its first entry as leader', { term: effect.term, index: effect.index });
        this.#beginControl(effect.term);
        return;
      case 'peers-changed':
        links.setPeers(effect.peers);
        return;
      case 'voters-changed':
        eventLog.emit('info', 'the voters changed', { index: effect.index, voters: effect.voters.map(nameOf) });
        return;
      default:
        return assertUnreachable(effect);
    }
  }
}

type AnswerEffect = Extract<
  RaftEffect,
  {
    type:
      | 'proposal-committed'
      | 'proposal-refused'
      | 'proposal-outcome-unknown'
      | 'read-ready'
      | 'read-refused'
      | 'transfer-ended';
  }
>;

type FactEffect = Extract<
  RaftEffect,
  {
    type:
      | 'became-follower'
      | 'became-candidate'
      | 'became-leader'
      | 'leadership-established'
      | 'peers-changed'
      | 'voters-changed';
  }
>;

const overloaded = { type: 'limit-reached', limit: 'eventsWaitingMax' } as const;

function watched({ raft, watch }: RaftRunnerOptions): StateMachine<RaftEvent, RaftEffect> {
  if (watch === undefined) return raft;
  watch.onStart(raft.view);
  return {
    step(event) {
      const effects = raft.step(event);
      watch.onStep(raft.view, event, effects);
      return effects;
    },
  };
}

function scheduleOf(effect: RaftEffect): Schedule {
  switch (effect.type) {
    case 'apply':
    case 'restore-snapshot':
    case 'proposal-committed':
    case 'read-ready':
    case 'leadership-established':
      return machineLane;
    case 'persist':
    case 'install-snapshot':
    case 'store-snapshot-chunk':
    case 'load-entries':
    case 'load-snapshot-chunk':
    case 'send':
    case 'proposal-refused':
    case 'proposal-outcome-unknown':
    case 'read-refused':
    case 'transfer-ended':
    case 'became-follower':
    case 'became-candidate':
    case 'became-leader':
    case 'peers-changed':
    case 'voters-changed':
      return now;
    default:
      return assertUnreachable(effect);
  }
}

function nameOf({ voterId, directoryId }: Voter): string {
  return `${voterId}@${directoryId}`;
}
