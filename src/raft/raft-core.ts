/**
 * The state that every role shares, and the few steps on it that need no role: append, truncate, persist, apply.
 *
 * Three positions matter beside the log's own bounds: applied <= committed and applied <= durable. An entry is given
 * to the state machine when it is committed *and* on this voter's disk, so that a restart never finds a snapshot that
 * knows more than the log. Roles are driven by raft.ts; read raft-become-role.ts next.
 */
import { assert } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import { logIndex, nextIndex, type LogIndex, type Term } from '../base/raft-position.ts';
import type { RaftEffect } from './raft-effect.ts';
import type { Entry, HardState, SnapshotMetadata } from './raft-entry.ts';
import { RaftLog } from './raft-log.ts';
import { isSameVoter, VoterSets } from './raft-voter-sets.ts';
import type { RaftMessage } from './raft-message.ts';
import { assertLimits, type RaftLimits, type RaftOptions } from './raft-options.ts';
import { RaftPersistence } from './raft-persistence.ts';
import { PendingProposals } from './raft-pending-proposals.ts';
import { firstRound, type RaftRole } from './raft-role.ts';

/** Messages that wait for the hard state; losing one is losing a message, which is allowed. */
const heldMessagesMax = 64;

export class RaftCore {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
  readonly limits: RaftLimits;
  readonly log: RaftLog;
  readonly persistence: RaftPersistence;
  readonly voterSets: VoterSets;
  readonly proposals: PendingProposals;
  readonly #integerBelow: (bound: number) => number;
  role: RaftRole;
  nowMs: number;
  /** The store is writing a chunk of an incoming snapshot. */
  isStoringChunk = false;
  /** The voter set or the joining voter changed in this step, so the driver's connections may. */
  arePeersChanged = false;
  #commitIndex: LogIndex;
  #appliedIndex: LogIndex;
  #isLoadingToApply = false;
  #held: { readonly to: VoterId; readonly message: RaftMessage }[] = [];
  #effects: RaftEffect[] = [];

  constructor(options: RaftOptions) {
    const { initial } = options;
    assertLimits(options.limits);
    this.voterId = options.voterId;
    this.directoryId = options.directoryId;
    this.limits = options.limits;
    this.nowMs = options.nowMs;
    this.#integerBelow = options.integerBelow;
    this.log = new RaftLog(initial);
    assert(this.log.termAt(initial.snapshot.lastIndex) === initial.snapshot.lastTerm, 'the log meets its snapshot', {
      snapshot: initial.snapshot,
      previous: this.log.previous,
      lastIndex: initial.lastIndex,
    });
    assert(this.log.last.term <= initial.hardState.term, 'no entry is of a term that this voter has not reached', {
      last: this.log.last,
      hardState: initial.hardState,
    });
    this.persistence = new RaftPersistence(this.log, initial.hardState);
    this.voterSets = new VoterSets(initial.snapshot, initial.voterSets);
    this.proposals = new PendingProposals(this.limits);
    this.#commitIndex = initial.snapshot.lastIndex;
    this.#appliedIndex = initial.snapshot.lastIndex;
    this.role = {
      name: 'follower',
      leader: undefined,
      leaderHeardMs: Number.NEGATIVE_INFINITY,
      electionDeadlineMs: this.nextElectionDeadlineMs(),
      verifiedIndex: logIndex(0),
      round: 0,
      isAckDue: false,
      ackedIndex: logIndex(0),
      ackedRound: firstRound,
      incoming: undefined,
    };
  }

  get term(): Term {
    return this.persistence.hardState.term;
  }

  get votedFor(): VoterId | undefined {
    return this.persistence.hardState.votedFor;
  }

  get commitIndex(): LogIndex {
    return this.#commitIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /** In the set in force, with the disk that the set names. */
  get isVoter(): boolean {
    return this.voterSets.includes(this.voterId, this.directoryId);
  }

  /**
   * Who was removed by an entry that may not be committed may have to lead once more: if it alone holds the entry,
   * the rest needs its vote and it needs their trust in its longer log, so nobody else could win (thesis 4.2.2).
   */
  get mayCampaign(): boolean {
    const { voterId, directoryId } = this;
    return this.voterSets
      .since(this.#commitIndex)
      .some((set) => set.voters.some((voter) => isSameVoter(voter, { voterId, directoryId })));
  }

  /** An entry of the current term is committed, and with it everything that earlier leaders left (R8). */
  get isTermCommitted(): boolean {
    return this.log.mustTermAt(this.#commitIndex) === this.term;
  }

  /** When a voter that waits for a leader stands for election. Who has nobody to hear from does not wait. */
  nextElectionDeadlineMs(): number {
    return this.isVoter && this.voterSets.voters.length === 1 ? this.nowMs : this.candidacyDeadlineMs();
  }

  /**
   * Counted from when the next heartbeat is due: a leader that pauses for less than the shortest timeout loses
   * nothing, whenever within a heartbeat the pause began. A candidate waits this long even when it is alone: its
   * own vote takes the disk longer than a tick, and a new candidacy would open a new term each time.
   */
  candidacyDeadlineMs(): number {
    const { heartbeatMs, electionTimeoutMsMin, electionTimeoutMsMax } = this.limits;
    const spread = electionTimeoutMsMax - electionTimeoutMsMin;
    return this.nowMs + heartbeatMs + electionTimeoutMsMin + this.#integerBelow(spread + 1);
  }

  emit(effect: RaftEffect): void {
    this.#effects.push(effect);
  }

  takeEffects(): readonly RaftEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  send(to: VoterId, message: RaftMessage): void {
    assert(to !== this.voterId, 'nobody writes letters to himself');
    assert(
      message.term === this.term && this.persistence.isHardStateDurable,
      'a term is durable before it is told',
      () => ({
        type: message.type,
        term: this.term,
      }),
    );
    this.#effects.push({ type: 'send', to, message });
  }

  /** Sends now, or as soon as the current term and vote are durable. Forgotten when the term changes before. */
  sendWhenDurable(to: VoterId, message: RaftMessage): void {
    if (this.persistence.isHardStateDurable) {
      this.send(to, message);
      return;
    }
    if (this.#held.length >= heldMessagesMax) this.#held.shift();
    this.#held.push({ to, message });
  }

  sendHeld(): void {
    if (this.#held.length === 0 || !this.persistence.isHardStateDurable) return;
    const held = this.#held;
    this.#held = [];
    for (const { to, message } of held) this.send(to, message);
  }

  setHardState(hardState: HardState): void {
    if (hardState.term > this.term) this.#held = [];
    this.persistence.setHardState(hardState);
  }

  append(entry: Entry): void {
    assert(entry.term <= this.term, 'no entry is of a later term than its holder', () => ({ index: entry.index }));
    this.log.append(entry);
    this.persistence.onAppend(entry);
    if (this.voterSets.onAppend(entry)) this.#onVotersChanged();
  }

  truncateFrom(index: LogIndex): void {
    assert(this.role.name !== 'leader', 'a leader never removes entries of its own log', () => ({ index }));
    assert(index > this.#commitIndex, 'what is committed is never truncated', () => ({
      index,
      commitIndex: this.#commitIndex,
    }));
    this.persistence.onTruncate(index);
    this.log.truncateFrom(index);
    if (this.voterSets.onTruncate(index)) this.#onVotersChanged();
  }

  /** Raises the commit index; a lower candidate is old news. */
  commitTo(index: LogIndex): void {
    assert(index <= this.log.lastIndex, 'only entries of the log are committed', () => ({
      index,
      lastIndex: this.log.lastIndex,
    }));
    if (index > this.#commitIndex) this.#commitIndex = index;
  }

  /** Starts the next write, unless one is in flight or there is nothing to write. */
  persist(): void {
    const effect = this.persistence.start();
    if (effect !== undefined) this.#effects.push(effect);
  }

  installSnapshot(snapshot: SnapshotMetadata): void {
    assert(snapshot.lastIndex > this.#commitIndex, 'a snapshot is installed to catch up', () => ({ snapshot }));
    this.#effects.push(this.persistence.startInstall(snapshot, this.#appliedIndex));
    // Of a former leadership: committed, and covered by the snapshot without a word on what was answered.
    for (const { proposalId } of this.proposals.takeUpTo(snapshot.lastIndex))
      this.emit({ type: 'proposal-outcome-unknown', proposalId });
    this.voterSets.reset(snapshot);
    this.#commitIndex = snapshot.lastIndex;
    this.#onVotersChanged();
  }

  onPersisted(sequence: number): void {
    const installed = this.persistence.complete(sequence);
    if (installed === undefined) return;
    assert(installed.lastIndex > this.#appliedIndex, 'an installed snapshot moves the state on', () => ({ installed }));
    this.#appliedIndex = installed.lastIndex;
    this.#effects.push({ type: 'restore-snapshot', snapshot: installed });
  }

  /** Gives the state machine what is committed and durable, or asks the store for it. */
  apply(): void {
    const upTo = logIndex(Math.min(this.#commitIndex, this.persistence.durableIndex));
    while (this.#appliedIndex < upTo && !this.#isLoadingToApply) {
      const from = nextIndex(this.#appliedIndex);
      const bytesMax = this.limits.loadBytesMax;
      const entries = this.log.recent({ from, to: upTo, bytesMax, entriesMax: Number.MAX_SAFE_INTEGER });
      if (entries === undefined) {
        this.#isLoadingToApply = true;
        const to = logIndex(Math.min(upTo, this.log.recentFirstIndex - 1));
        this.emit({ type: 'load-entries', purpose: { type: 'apply' }, from, to, bytesMax });
        return;
      }
      this.#applyEntries(entries);
    }
  }

  /** A snapshot may have overtaken the load; then the entries are old news. */
  onLoadedToApply(entries: readonly Entry[]): void {
    this.#isLoadingToApply = false;
    const first = entries[0];
    if (first === undefined || first.index > this.#appliedIndex + 1) {
      assert(this.log.previous.index >= this.#appliedIndex, 'the store holds what is not applied yet', () => ({
        appliedIndex: this.#appliedIndex,
        first: first?.index,
      }));
      return;
    }
    const fresh = entries.slice(this.#appliedIndex + 1 - first.index);
    if (fresh.length > 0) this.#applyEntries(fresh);
  }

  onCompacted(snapshot: SnapshotMetadata, firstIndex: LogIndex): void {
    assert(snapshot.lastIndex <= this.#appliedIndex, 'a snapshot covers applied entries', () => ({ snapshot }));
    assert(firstIndex >= 1 && firstIndex <= snapshot.lastIndex + 1, 'the log and its snapshot leave no gap', () => ({
      snapshot,
      firstIndex,
    }));
    // A snapshot that was installed from the leader meanwhile is further.
    if (firstIndex <= this.log.previous.index) return;
    this.log.compact(logIndex(firstIndex - 1));
    this.voterSets.onCompact(snapshot);
  }

  /** What every follower needs soon stays in memory; the rest of the recent entries may go. */
  evict(): void {
    if (this.log.recentBytes <= this.limits.recentBytesMax) return;
    const upTo = logIndex(Math.min(this.#appliedIndex, this.persistence.durableIndex));
    this.log.evict(upTo, this.limits.recentBytesMax);
  }

  #applyEntries(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    assert(last !== undefined && entries[0]?.index === this.#appliedIndex + 1, 'entries are applied in order', () => ({
      appliedIndex: this.#appliedIndex,
      first: entries[0]?.index,
    }));
    assert(
      last.index <= this.#commitIndex && last.index <= this.persistence.durableIndex,
      'only committed and durable entries are applied',
      () => ({ last: last.index, commitIndex: this.#commitIndex, durableIndex: this.persistence.durableIndex }),
    );
    assert(this.log.termAt(last.index) === last.term, 'what is applied is what the log says', () => ({ last }));
    this.#appliedIndex = last.index;
    this.emit({ type: 'apply', entries });
    for (const done of this.proposals.takeUpTo(last.index)) {
      const { proposalId, index, term } = done;
      assert(this.log.termAt(index) === term, 'a proposal is answered for its own entry', () => ({ index, term }));
      this.emit({ type: 'proposal-committed', proposalId, index, term });
    }
  }

  #onVotersChanged(): void {
    this.arePeersChanged = true;
    const { index, voters } = this.voterSets.current;
    this.emit({ type: 'voters-changed', index, voters });
  }
}
