/**
 * A Raft core as others may look at it: its driver, the quorum's description, the checks of raft-invariants.ts.
 *
 * Live: every field is read from the core at the time it is asked for. Nothing here changes anything.
 */
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';
import type { RaftCore } from './raft-core.ts';
import type { HardState, LogPosition, Voter, VoterSet } from './raft-entry.ts';
import type { RaftLimits } from './raft-options.ts';
import type { ProgressMode } from './raft-progress.ts';

export interface PeerView {
  readonly peer: Voter;
  readonly isVoter: boolean;
  readonly mode: ProgressMode['name'];
  readonly matchedIndex: LogIndex;
  readonly lastContactMs: number;
}

export class RaftView {
  readonly #core: RaftCore;

  constructor(core: RaftCore) {
    this.#core = core;
  }

  get voterId(): VoterId {
    return this.#core.voterId;
  }

  get directoryId(): DirectoryId {
    return this.#core.directoryId;
  }

  get limits(): RaftLimits {
    return this.#core.limits;
  }

  get role(): 'follower' | 'candidate' | 'leader' {
    return this.#core.role.name;
  }

  get isPreCandidate(): boolean {
    return this.#core.role.name === 'candidate' && this.#core.role.isPreVote;
  }

  get term(): Term {
    return this.#core.term;
  }

  get votedFor(): VoterId | undefined {
    return this.#core.votedFor;
  }

  get durableHardState(): HardState {
    return this.#core.persistence.durableHardState;
  }

  /** As far as this voter knows; a leader names itself. */
  get leader(): VoterId | undefined {
    const { role } = this.#core;
    if (role.name === 'leader') return this.#core.voterId;
    return role.name === 'follower' ? role.leader : undefined;
  }

  /** This voter leads and has applied an entry of its own term, so it knows all that earlier leaders committed. */
  get isEstablished(): boolean {
    return this.#core.role.name === 'leader' && this.#core.role.isEstablished;
  }

  /** The last entry that was compacted, or 0/0. */
  get previous(): LogPosition {
    return this.#core.log.previous;
  }

  get firstIndex(): LogIndex {
    return this.#core.log.firstIndex;
  }

  get last(): LogPosition {
    return this.#core.log.last;
  }

  get commitIndex(): LogIndex {
    return this.#core.commitIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#core.appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.#core.persistence.durableIndex;
  }

  get recentBytes(): number {
    return this.#core.log.recentBytes;
  }

  get voterSet(): VoterSet {
    return this.#core.voterSets.current;
  }

  get isVoter(): boolean {
    return this.#core.isVoter;
  }

  get mayCampaign(): boolean {
    return this.#core.mayCampaign;
  }

  /** Undefined outside of [previous, last]. */
  termAt(index: LogIndex): Term | undefined {
    return this.#core.log.termAt(index);
  }

  /** The voters in force at an index of the log: what a snapshot up to there has to carry. */
  votersAt(index: LogIndex): readonly Voter[] {
    return this.#core.voterSets.at(index);
  }

  /** What a leader knows of the others; empty when this voter does not lead. */
  peers(): readonly PeerView[] {
    const { role } = this.#core;
    if (role.name !== 'leader') return [];
    return [...role.progress.values()].map(({ peer, isVoter, mode, matchedIndex, lastContactMs }) => {
      return { peer, isVoter, mode: mode.name, matchedIndex, lastContactMs };
    });
  }
}
