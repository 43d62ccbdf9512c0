/**
 * What holds between the voters of a cluster, over its whole life: watched from outside, after every step of every
 * voter, with a memory that crashes and wiped disks do not touch.
 *
 * For tests and simulation. Tell it of every start and every step; it throws an InvariantError that begins with the
 * number of what is broken (README.md). What holds for each voter alone is checked along the way.
 */
import { assert, assertUnreachable, type Facts } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import { indexZero, type LogIndex, type Term } from '../base/raft-position.ts';
import { RaftDurableModel } from './raft-durable-model.ts';
import type { RaftEffect } from './raft-effect.ts';
import type { Entry, EntryPayload, SnapshotMetadata, Voter, VoterSet } from './raft-entry.ts';
import type { RaftEvent } from './raft-event.ts';
import { RaftInvariants } from './raft-invariants.ts';
import { RaftLeadershipWatch } from './raft-leadership-watch.ts';
import { voterDifference } from './raft-voter-sets.ts';
import type { RaftMessage } from './raft-message.ts';
import { majorityOf } from './raft-majority.ts';
import type { RaftView } from './raft-view.ts';

/** Per directory: it is the disk that promises, not the number of the voter. */
interface Watched {
  readonly invariants: RaftInvariants;
  readonly leadership: RaftLeadershipWatch;
  readonly durable: RaftDurableModel;
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  voterSet: VoterSet;
  /** Before the step: a leader may commit and step down in one. */
  isLeader: boolean;
  /** What was committed anywhere when the read arrived. */
  readonly reads: Map<number, number>;
}

interface Written {
  readonly payload: EntryPayload;
  readonly previousTerm: Term | undefined;
}

export class RaftClusterInvariants {
  readonly #watched = new Map<DirectoryId, Watched>();
  readonly #leaderOfTerm = new Map<Term, DirectoryId>();
  readonly #written = new Map<string, Written>();
  /** By index; 0 stands for before everything. */
  readonly #committed: Term[] = [];
  readonly #applied: Entry[] = [];

  /** The highest index that any voter has known to be committed. */
  get committedIndex(): number {
    return this.#committed.length - 1;
  }

  /** A core was made, at first or again, from what its directory holds. */
  onStart(view: RaftView): void {
    const before = this.#watched.get(view.directoryId);
    before?.durable.onRestart(view);
    if (this.#committed.length === 0) this.#committed.push(view.termAt(indexZero) ?? (0 as Term));
    this.#watched.set(view.directoryId, {
      invariants: new RaftInvariants(view),
      leadership: new RaftLeadershipWatch(view),
      durable: before?.durable ?? new RaftDurableModel(view),
      commitIndex: view.commitIndex,
      appliedIndex: view.appliedIndex,
      voterSet: view.voterSet,
      isLeader: false,
      reads: new Map(),
    });
  }

  onStep(view: RaftView, event: RaftEvent, effects: readonly RaftEffect[]): void {
    const watched = this.#watched.get(view.directoryId);
    assert(watched !== undefined, 'a voter starts before it steps', () => ({ voter: view.voterId }));
    if (event.type === 'persisted') watched.durable.onPersisted(event.sequence);
    if (event.type === 'read') watched.reads.set(event.readId, this.committedIndex);
    watched.invariants.check();
    watched.leadership.onStep(event);
    this.#checkCommit(view, watched);
    this.#checkVoterSet(view, watched);
    for (const effect of effects) this.#checkEffect(view, watched, effect);
    watched.isLeader = view.role === 'leader';
  }

  #checkEffect(view: RaftView, watched: Watched, effect: RaftEffect): void {
    switch (effect.type) {
      case 'persist':
        watched.durable.onWrite(effect);
        for (const entry of effect.entries) this.#checkWritten(view, entry);
        return;
      case 'install-snapshot':
        watched.durable.onWrite(effect);
        this.#checkSnapshot(effect.snapshot);
        return;
      case 'send':
        this.#checkSend(view, watched, effect.to, effect.message);
        return;
      case 'apply':
        for (const entry of effect.entries) this.#checkApplied(view, watched, entry);
        return;
      case 'restore-snapshot':
        assert(effect.snapshot.lastIndex > watched.appliedIndex, 'R5: a snapshot moves the state on');
        watched.appliedIndex = effect.snapshot.lastIndex;
        return;
      case 'became-leader':
        this.#checkElected(view);
        return;
      case 'read-ready': {
        const committedIndex = watched.reads.get(effect.readId);
        assert(committedIndex !== undefined, 'R10: a read is answered once', () => ({ ...effect }));
        assert(effect.index >= committedIndex, 'R10: a read sees all that was committed before it', () => ({
          ...effect,
          committedIndex,
        }));
        watched.reads.delete(effect.readId);
        return;
      }
      // No promise between voters hangs on these.
      case 'store-snapshot-chunk':
      case 'load-entries':
      case 'load-snapshot-chunk':
      case 'proposal-committed':
      case 'proposal-refused':
      case 'proposal-outcome-unknown':
      case 'read-refused':
      case 'transfer-ended':
      case 'became-follower':
      case 'became-candidate':
      case 'leadership-established':
      case 'peers-changed':
      case 'voters-changed':
        return;
      default:
        assertUnreachable(effect);
    }
  }

  #checkElected(view: RaftView): void {
    const known = this.#leaderOfTerm.get(view.term);
    const facts = (): Facts => ({ term: view.term, voter: view.voterId });
    assert(known === undefined, 'R1: at most one leader per term', facts);
    assert(view.mayCampaign, 'R12: leaders are voters', facts);
    this.#leaderOfTerm.set(view.term, view.directoryId);
    for (let index: number = view.previous.index; index < this.#committed.length; index += 1) {
      const term = view.termAt(index as LogIndex);
      assert(term === this.#committed[index], 'R4: a leader holds all that is committed', () => ({
        voter: view.voterId,
        index,
        term,
        committed: this.#committed[index],
      }));
    }
  }

  #checkCommit(view: RaftView, watched: Watched): void {
    if (view.commitIndex === watched.commitIndex) return;
    const from = Math.max(watched.commitIndex + 1, view.previous.index);
    watched.commitIndex = view.commitIndex;
    const isLeader = watched.isLeader || view.role === 'leader';
    if (isLeader && view.commitIndex > this.committedIndex) this.#checkMajority(view, watched.voterSet);
    for (let index = from; index <= view.commitIndex; index += 1) {
      const term = view.termAt(index as LogIndex);
      assert(term !== undefined, 'what is committed has a term', () => ({ voter: view.voterId, index }));
      if (index > this.committedIndex) {
        assert(isLeader, 'R9: leaders commit, followers learn of it', () => ({
          voter: view.voterId,
          index,
        }));
        this.#committed.push(term);
      }
      assert(this.#committed[index] === term, 'R3: at each index one entry is committed', () => ({
        voter: view.voterId,
        index,
        term,
        committed: this.#committed[index],
      }));
    }
  }

  /**
   * Asks the disks, not the leader: a majority of the voters in force holds the entry (R7, R8, R12, R13). A step
   * that commits may append the next set as well, before or after it counts.
   */
  #checkMajority(view: RaftView, setBefore: VoterSet): void {
    const index = view.commitIndex;
    const term = view.termAt(index);
    const isHolder = ({ directoryId }: Voter): boolean =>
      this.#watched.get(directoryId)?.durable.termAt(index) === term;
    const hasMajority = ({ voters }: VoterSet): boolean => voters.filter(isHolder).length >= majorityOf(voters.length);
    assert(
      hasMajority(setBefore) || hasMajority(view.voterSet),
      'R7: what is committed is durable on a majority',
      () => ({ leader: view.voterId, index, term, holders: view.voterSet.voters.filter(isHolder) }),
    );
  }

  #checkVoterSet(view: RaftView, watched: Watched): void {
    const before = watched.voterSet;
    const after = view.voterSet;
    if (after === before) return;
    watched.voterSet = after;
    if (view.role !== 'leader' || after.index <= before.index) return;
    const facts = (): Facts => ({ leader: view.voterId, before, after });
    assert(voterDifference(before.voters, after.voters) <= 1, 'R11: voters change one at a time', facts);
    assert(before.index <= this.committedIndex, 'R11: one change is committed before the next', facts);
    assert(this.#committed.includes(view.term), 'R11: no change before an entry of the term is committed', facts);
  }

  #checkSend(view: RaftView, watched: Watched, to: VoterId, message: RaftMessage): void {
    const facts = (): Facts => ({ from: view.voterId, to, message });
    const { hardState } = watched.durable;
    assert(hardState.term >= message.term, 'R6: a term is durable before it is told', facts);
    if (message.type === 'vote-request') {
      assert(hardState.term === message.term, 'R6: a candidacy is durable before it is told', facts);
      assert(hardState.votedFor === view.voterId, 'R6: a candidate has its own durable vote', facts);
    }
    if (message.type === 'vote-reply' && message.granted) {
      assert(hardState.term === message.term && hardState.votedFor === to, 'R6: a vote is durable first', facts);
    }
    if (message.type === 'append-reply') {
      const { matchedIndex } = message;
      const isHeld = watched.durable.lastIndex >= matchedIndex;
      assert(isHeld, 'R7: what is acknowledged is durable', facts);
      // Below its start the log is a snapshot, durable as well.
      if (matchedIndex >= view.previous.index) {
        const term = watched.durable.termAt(matchedIndex);
        assert(term === view.termAt(matchedIndex), 'R7: what is acknowledged is what is durable', facts);
      }
    }
  }

  /** Log matching by induction: an index and a term name one entry, and one entry before it. */
  #checkWritten(view: RaftView, entry: Entry): void {
    const previousTerm = view.termAt((entry.index - 1) as LogIndex);
    const key = `${entry.index}/${entry.term}`;
    const known = this.#written.get(key);
    if (known === undefined) {
      this.#written.set(key, { payload: entry.payload, previousTerm });
      return;
    }
    const isEqual = isSamePayload(known.payload, entry.payload);
    assert(isEqual, 'R3: an index and a term name one entry', () => ({ voter: view.voterId, entry, known }));
    assert(
      known.previousTerm === previousTerm || previousTerm === undefined,
      'R3: equal entries have equal entries before them',
      () => ({ voter: view.voterId, entry, known, previousTerm }),
    );
  }

  #checkApplied(view: RaftView, watched: Watched, entry: Entry): void {
    const facts = (): Facts => ({ voter: view.voterId, entry, appliedIndex: watched.appliedIndex });
    assert(entry.index === watched.appliedIndex + 1, 'R5: every entry is applied, once and in order', facts);
    assert(this.#committed[entry.index] === entry.term, 'R5: only what is committed is applied', facts);
    watched.appliedIndex = entry.index;
    const known = this.#applied[entry.index];
    if (known === undefined) this.#applied[entry.index] = entry;
    else assert(isSamePayload(known.payload, entry.payload), 'R5: all apply the same', facts);
  }

  #checkSnapshot(snapshot: SnapshotMetadata): void {
    const { lastIndex, lastTerm } = snapshot;
    assert(this.#committed[lastIndex] === lastTerm, 'R14: a snapshot covers committed entries', () => ({ snapshot }));
  }
}

function isSamePayload(one: EntryPayload, other: EntryPayload): boolean {
  if (one === other) return true;
  if (one.type === 'command' && other.type === 'command') {
    return one.bytes.length === other.bytes.length && one.bytes.every((byte, at) => byte === other.bytes[at]);
  }
  if (one.type === 'voters' && other.type === 'voters') return voterDifference(one.voters, other.voters) === 0;
  return one.type === other.type;
}
