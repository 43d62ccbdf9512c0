/**
 * Who votes: the sets of voters that the log and the snapshot put in force, and the legal steps between sets.
 *
 * A set is in force from the moment its entry is appended, committed or not, and no longer once the entry is
 * truncated (R11). One voter at a time: then any majority of the old set shares a voter with any majority of the
 * new one, and no joint phase is needed (thesis 4.1).
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { ProposalProblem } from './raft-effect.ts';
import type { Entry, SnapshotMetadata, Voter, VoterSet } from './raft-entry.ts';
import type { VoterChange } from './raft-event.ts';

export class VoterSets {
  /** Ascending by index, never empty: the first stands for the snapshot. */
  #sets: VoterSet[];

  constructor(snapshot: SnapshotMetadata, later: readonly VoterSet[]) {
    this.#sets = [{ index: snapshot.lastIndex, voters: snapshot.voters }];
    for (const set of later) this.#push(set);
  }

  get current(): VoterSet {
    const last = this.#sets.at(-1);
    assert(last !== undefined, 'some set of voters is always in force');
    return last;
  }

  get voters(): readonly Voter[] {
    return this.current.voters;
  }

  find(voterId: VoterId): Voter | undefined {
    return this.current.voters.find((voter) => voter.voterId === voterId);
  }

  /** The voter is its number *and* its directory: whoever lost its disk is somebody else (R13). */
  includes(voterId: VoterId, directoryId: DirectoryId): boolean {
    return this.find(voterId)?.directoryId === directoryId;
  }

  /** As far as this log is known to be settled: the newest committed set and whatever came after it. */
  since(commitIndex: LogIndex): readonly VoterSet[] {
    const settled = this.#sets.findLastIndex((set) => set.index <= commitIndex);
    return this.#sets.slice(Math.max(settled, 0));
  }

  /** The set in force at `index`, which a snapshot up to there has to carry. */
  at(index: LogIndex): readonly Voter[] {
    const set = this.#sets.findLast((candidate) => candidate.index <= index);
    assert(set !== undefined, 'the voters at a retained index are known', () => ({ index, sets: this.#sets }));
    return set.voters;
  }

  /** True when the entry changed the set. */
  onAppend(entry: Entry): boolean {
    if (entry.payload.type !== 'voters') return false;
    this.#push({ index: entry.index, voters: entry.payload.voters });
    return true;
  }

  /** True when an older set is in force again. */
  onTruncate(from: LogIndex): boolean {
    const kept = this.#sets.filter((set) => set.index < from);
    assert(kept.length >= 1, 'the voters of the snapshot outlive a truncation', () => ({ from }));
    const isChanged = kept.length < this.#sets.length;
    this.#sets = kept;
    return isChanged;
  }

  onCompact(snapshot: SnapshotMetadata): void {
    const covered = this.#sets.findLast((set) => set.index <= snapshot.lastIndex);
    assert(
      covered !== undefined && voterDifference(covered.voters, snapshot.voters) === 0,
      'a snapshot carries the voters that were in force at its end',
      () => ({ snapshot, covered }),
    );
    this.#sets = [covered, ...this.#sets.filter((set) => set.index > snapshot.lastIndex)];
  }

  reset(snapshot: SnapshotMetadata): void {
    this.#sets = [{ index: snapshot.lastIndex, voters: snapshot.voters }];
  }

  #push(set: VoterSet): void {
    assert(this.#sets.length === 0 || set.index > this.current.index, 'voter sets follow each other', () => ({ set }));
    this.#sets.push(set);
  }
}

/** The set after the change. The same answer wherever it is asked: it depends on the set alone. */
export function decideVoters(voters: readonly Voter[], change: VoterChange): Result<readonly Voter[], ProposalProblem> {
  switch (change.type) {
    case 'add':
      // Same number on another disk counts as well: the old one has to be removed first, in a step of its own.
      return voters.some((voter) => voter.voterId === change.voter.voterId)
        ? refused({ type: 'already-a-voter' })
        : ok([...voters, change.voter]);
    case 'remove': {
      const rest = voters.filter((voter) => !isSameVoter(voter, change));
      if (rest.length === voters.length) return refused({ type: 'not-a-voter' });
      return rest.length === 0 ? refused({ type: 'last-voter' }) : ok(rest);
    }
    case 'update':
      return voters.some((voter) => isSameVoter(voter, change.voter))
        ? ok(voters.map((voter) => (isSameVoter(voter, change.voter) ? change.voter : voter)))
        : refused({ type: 'not-a-voter' });
    default:
      return assertUnreachable(change);
  }
}

export interface VoterIdentity {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
}

export function isSameVoter(one: VoterIdentity, other: VoterIdentity): boolean {
  return one.voterId === other.voterId && one.directoryId === other.directoryId;
}

/** How many voters are in one set and not in the other. */
export function voterDifference(before: readonly Voter[], after: readonly Voter[]): number {
  const missing = (from: readonly Voter[], other: readonly Voter[]): number =>
    from.filter((voter) => !other.some((candidate) => isSameVoter(candidate, voter))).length;
  return missing(before, after) + missing(after, before);
}
