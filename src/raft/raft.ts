/**
 * One voter's share in the agreement: events in, effects out.
 *
 * Synchronous and self-contained: no clock, no chance, no disk, no network. This file says which event goes where
 * and what holds for every message; the contract with the driver is raft-effect.ts, the invariants and the order in
 * which to read are in README.md.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { StateMachine } from '../base/state-machine.ts';
import { countOwnVote, onElectionTimeout, onPreVoteReply, onVoteReply } from './raft-election.ts';
import { RaftCore } from './raft-core.ts';
import type { RaftEffect } from './raft-effect.ts';
import type { LoadPurpose, RaftEvent } from './raft-event.ts';
import type { Entry } from './raft-entry.ts';
import { acknowledge, onAppendRequest } from './raft-follower.ts';
import { lead, onLeaderTick, onPeerAnswer, settleLeadership } from './raft-leader.ts';
import type { RaftMessage } from './raft-message.ts';
import type { RaftOptions } from './raft-options.ts';
import { onChangeVoters, onPropose } from './raft-proposals.ts';
import { onRead } from './raft-reads.ts';
import { onLoadedToReplicate } from './raft-replication.ts';
import { installWhenIdle, onChunkStored, onSnapshotChunk } from './raft-snapshot-receiver.ts';
import { onChunkLoaded } from './raft-snapshot-sender.ts';
import { onTimeoutNow, onTransfer } from './raft-transfer.ts';
import { becomeFollower } from './raft-become-role.ts';
import { RaftView } from './raft-view.ts';
import { hasLeader, onPreVoteRequest, onVoteRequest } from './raft-vote.ts';

export class Raft implements StateMachine<RaftEvent, RaftEffect> {
  /** For looking, at any time; nothing changes by it. */
  readonly view: RaftView;
  readonly #core: RaftCore;

  constructor(options: RaftOptions) {
    this.#core = new RaftCore(options);
    this.view = new RaftView(this.#core);
  }

  step(event: RaftEvent): readonly RaftEffect[] {
    const core = this.#core;
    handle(core, event);
    settle(core);
    return core.takeEffects();
  }
}

function handle(core: RaftCore, event: RaftEvent): void {
  switch (event.type) {
    case 'tick':
      return onTick(core, event.nowMs);
    case 'message':
      return onMessage(core, event);
    case 'propose':
      return onPropose(core, event.proposals);
    case 'change-voters':
      return onChangeVoters(core, event.proposalId, event.change);
    case 'read':
      return onRead(core, event.readId);
    case 'transfer':
      return onTransfer(core, event.target);
    case 'persisted':
      core.onPersisted(event.sequence);
      core.sendHeld();
      return countOwnVote(core);
    case 'entries-loaded':
      return onEntriesLoaded(core, event.purpose, event.entries);
    case 'snapshot-chunk-loaded': {
      const progress = core.role.name === 'leader' ? core.role.progress.get(event.to) : undefined;
      if (core.role.name === 'leader' && progress !== undefined) onChunkLoaded(core, core.role, progress, event.chunk);
      return;
    }
    case 'snapshot-chunk-stored':
      return onChunkStored(core, event);
    case 'compacted':
      return core.onCompacted(event.snapshot, event.firstIndex);
    default:
      return assertUnreachable(event);
  }
}

/** What follows from any event: the disk first, then the peers, the state machine, and who waits for it. */
function settle(core: RaftCore): void {
  installWhenIdle(core);
  core.persist();
  if (core.role.name === 'leader') lead(core, core.role);
  core.apply();
  if (core.role.name === 'leader') settleLeadership(core, core.role);
  // Leading or applying may have brought up something new to write (a voter set, the first entry of a term).
  core.persist();
  acknowledge(core);
  core.evict();
  if (core.arePeersChanged) announcePeers(core);
}

function onTick(core: RaftCore, nowMs: number): void {
  assert(nowMs >= core.nowMs, 'time does not go back', () => ({ nowMs, last: core.nowMs }));
  core.nowMs = nowMs;
  if (core.role.name === 'leader') onLeaderTick(core, core.role);
  else if (nowMs >= core.role.electionDeadlineMs) onElectionTimeout(core);
}

interface Letter {
  readonly from: VoterId;
  readonly fromDirectory: DirectoryId;
  readonly message: RaftMessage;
}

/** Terms first (figure 2, all servers): a later one ends whatever role this voter had, an earlier one is only told so. */
function onMessage(core: RaftCore, letter: Letter): void {
  const { from, message } = letter;
  if (from === core.voterId) return;
  if (message.type === 'pre-vote-request') {
    // Its term is not entered: asking changes nothing (R15).
    onPreVoteRequest(core, from, message);
    return;
  }
  // A consent to a pre-vote comes from whoever is willing to enter a later term, and so may be of an earlier one:
  // were it dropped, a voter with the best log and a term of its own could never be elected (RL4).
  if (message.term < core.term && message.type !== 'pre-vote-reply') {
    answerPast(core, from, message);
    return;
  }
  if (message.term > core.term) {
    if (message.type === 'vote-request' && !message.isTransfer && hasLeader(core)) return;
    becomeFollower(core, message.term, undefined);
  }
  dispatch(core, letter);
}

function dispatch(core: RaftCore, { from, fromDirectory, message }: Letter): void {
  switch (message.type) {
    case 'vote-request':
      return onVoteRequest(core, from, message);
    case 'pre-vote-reply':
      return onPreVoteReply(core, from, fromDirectory, message);
    case 'vote-reply':
      return onVoteReply(core, from, fromDirectory, message);
    case 'append-request':
      return onAppendRequest(core, from, message);
    case 'snapshot-chunk-request':
      return onSnapshotChunk(core, from, message);
    case 'timeout-now':
      return onTimeoutNow(core, from);
    case 'append-reply':
    case 'append-rejection':
    case 'snapshot-chunk-reply':
      return onPeerAnswer(core, from, fromDirectory, message);
    case 'pre-vote-request':
      return;
    default:
      return assertUnreachable(message);
  }
}

/** Who still leads or campaigns in an earlier term learns of the current one; old answers are worth nothing (R16). */
function answerPast(core: RaftCore, from: VoterId, message: RaftMessage): void {
  const { term } = core;
  if (message.type === 'vote-request') {
    core.sendWhenDurable(from, { type: 'vote-reply', term, granted: false });
  } else if (message.type === 'append-request') {
    const rejectedIndex = message.previous.index;
    core.sendWhenDurable(from, { type: 'append-rejection', term, round: 0, rejectedIndex, hint: core.log.previous });
  } else if (message.type === 'snapshot-chunk-request') {
    const snapshotIndex = message.snapshot.lastIndex;
    core.sendWhenDurable(from, { type: 'snapshot-chunk-reply', term, round: 0, snapshotIndex, nextOffset: 0 });
  }
}

function onEntriesLoaded(core: RaftCore, purpose: LoadPurpose, entries: readonly Entry[]): void {
  if (purpose.type === 'apply') {
    core.onLoadedToApply(entries);
    return;
  }
  const { role } = core;
  const progress = role.name === 'leader' ? role.progress.get(purpose.to) : undefined;
  if (role.name === 'leader' && progress !== undefined) onLoadedToReplicate(core, role, progress, entries);
}

function announcePeers(core: RaftCore): void {
  core.arePeersChanged = false;
  const joining = core.role.name === 'leader' ? core.role.joining?.voter : undefined;
  const all = joining === undefined ? core.voterSets.voters : [...core.voterSets.voters, joining];
  core.emit({ type: 'peers-changed', peers: all.filter((peer) => peer.voterId !== core.voterId) });
}
