/**
 * A cluster of Raft cores on a table: messages lie there until the test delivers, drops or repeats them, clocks move
 * when the test moves them, disks finish when the test lets them. Every step is checked against R1 to R14 by
 * raft-cluster-invariants.ts; a broken one throws from wherever the test is.
 */
import { assert } from '../../src/base/assert.ts';
import { directoryId, voterId, type DirectoryId, type VoterId } from '../../src/base/ids.ts';
import { RaftClusterInvariants } from '../../src/raft/raft-cluster-invariants.ts';
import type { RaftEffect } from '../../src/raft/raft-effect.ts';
import type { Voter } from '../../src/raft/raft-entry.ts';
import type { ProposalId, RaftEvent, ReadId, VoterChange } from '../../src/raft/raft-event.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';
import { defaultRaftLimits, type RaftLimits } from '../../src/raft/raft-options.ts';
import { diskWithLog, type GivenLog } from './log-fixture.ts';
import { ModelDisk } from './model-disk.ts';
import { TestVoter, type Answer } from './test-voter.ts';

export interface Letter {
  readonly from: VoterId;
  readonly fromDirectory: DirectoryId;
  readonly to: VoterId;
  readonly message: RaftMessage;
}

export interface TestClusterOptions {
  /** Ids of the founding voters: 1 to this. */
  readonly voters: number;
  readonly limits?: Partial<RaftLimits>;
  /** By voter; an empty log for whoever is not named. */
  readonly logs?: Readonly<Record<number, GivenLog>>;
  readonly integerBelow?: (bound: number) => number;
  readonly observe?: (voter: TestVoter, event: RaftEvent, effects: readonly RaftEffect[]) => void;
}

const lettersMax = 100_000;
const encoder = new TextEncoder();

/** Voter `id` on its first, second... disk. */
export function testVoter(id: number, disk = 1): Voter {
  return {
    voterId: voterId(id),
    directoryId: directoryId(`${disk}`.padStart(16, '0') + `${id}`.padStart(16, '0')),
    peerEndpoint: `peer-${id}:7`,
    apiEndpoint: `api-${id}:7`,
  };
}

export class TestCluster {
  readonly invariants = new RaftClusterInvariants();
  readonly limits: RaftLimits;
  readonly founders: readonly Voter[];
  /** Sent, not delivered, oldest first. */
  letters: Letter[] = [];
  readonly #voters = new Map<VoterId, TestVoter>();
  readonly #cut = new Set<string>();
  readonly #options: TestClusterOptions;
  #nextId = 1;

  constructor(options: TestClusterOptions) {
    this.#options = options;
    this.limits = { ...defaultRaftLimits, ...options.limits };
    this.founders = Array.from({ length: options.voters }, (_, at) => testVoter(at + 1));
    for (const founder of this.founders) {
      const given = options.logs?.[founder.voterId] ?? { terms: [] };
      this.add(founder, this.founders, diskWithLog(founder.directoryId, this.founders, given));
    }
  }

  get voters(): readonly TestVoter[] {
    return [...this.#voters.values()];
  }

  voter(id: number): TestVoter {
    const voter = this.#voters.get(voterId(id));
    assert(voter !== undefined, 'the cluster has that voter', { id });
    return voter;
  }

  /** A node with an empty disk; without founders it waits to be made a voter. */
  add(voter: Voter, founders: readonly Voter[] = [], disk = new ModelDisk(voter.directoryId, founders)): TestVoter {
    const added = new TestVoter({
      voterId: voter.voterId,
      disk,
      limits: this.limits,
      // Everybody waits as long as can be: no election starts unless the test wants one.
      integerBelow: this.#options.integerBelow ?? ((bound) => bound - 1),
      invariants: this.invariants,
      send: (from, to, message) => this.#post(from, to, message),
      observe: this.#options.observe ?? (() => undefined),
    });
    this.#voters.set(voter.voterId, added);
    return added;
  }

  /** The node comes back on a fresh disk. */
  wipe(id: number, disk: number): TestVoter {
    const old = this.voter(id);
    if (old.isUp) old.crash();
    return this.add(testVoter(id, disk));
  }

  leader(): TestVoter {
    const leaders = this.voters.filter((voter) => voter.isUp && voter.view.role === 'leader');
    const newest = leaders.sort((one, other) => other.view.term - one.view.term)[0];
    assert(newest !== undefined, 'the cluster has a leader');
    return newest;
  }

  /** Lets every clock pass the time in which a leader that was heard excludes others, and runs out `id`'s timer. */
  elect(id: number): TestVoter {
    this.timeOut(id);
    this.deliverAll();
    const elected = this.voter(id);
    assert(elected.view.role === 'leader', 'who was to be elected leads', { id, role: elected.view.role });
    return elected;
  }

  /** As elect, without delivering anything. */
  timeOut(id: number): void {
    const { heartbeatMs, electionTimeoutMsMin, electionTimeoutMsMax } = this.limits;
    for (const voter of this.voters) {
      const waitMs = heartbeatMs + (voter.voterId === id ? electionTimeoutMsMax : electionTimeoutMsMin);
      this.tick(voter, voter.voterId === id ? waitMs : Math.max(0, waitMs - voter.silenceMs));
    }
  }

  tick(voter: TestVoter, ms: number): void {
    voter.nowMs += ms;
    voter.silenceMs += ms;
    voter.step({ type: 'tick', nowMs: voter.nowMs });
  }

  /** All clocks, in small steps, everything delivered in between. */
  run(ms: number, stepMs = 10): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      for (const voter of this.voters) this.tick(voter, stepMs);
      this.deliverAll();
    }
  }

  /** One heartbeat of whoever leads. */
  heartbeat(): void {
    this.tick(this.leader(), this.limits.heartbeatMs);
    this.deliverAll();
  }

  deliver(letter: Letter): void {
    const at = this.letters.indexOf(letter);
    if (at >= 0) this.letters.splice(at, 1);
    const { from, fromDirectory, to, message } = letter;
    if (this.#cut.has(`${from}>${to}`)) return;
    this.#voters.get(to)?.step({ type: 'message', from, fromDirectory, message });
  }

  deliverAll(wanted: (letter: Letter) => boolean = () => true): void {
    for (let delivered = 0; ; delivered += 1) {
      assert(delivered < lettersMax, 'a conversation comes to an end');
      const letter = this.letters.find(wanted);
      if (letter === undefined) return;
      this.deliver(letter);
    }
  }

  /** Takes letters off the table. */
  drop(unwanted: (letter: Letter) => boolean = () => true): readonly Letter[] {
    const dropped = this.letters.filter(unwanted);
    this.letters = this.letters.filter((letter) => !unwanted(letter));
    return dropped;
  }

  /** Cuts one direction. */
  cutLink(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Cuts a group off from all others, in both directions. */
  isolate(...ids: number[]): void {
    for (const { voterId: other } of this.voters) {
      if (ids.includes(other)) continue;
      for (const id of ids) {
        this.cutLink(id, other);
        this.cutLink(other, id);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  propose(voter: TestVoter, ...commands: string[]): readonly ProposalId[] {
    const proposals = commands.map((command) => ({
      proposalId: this.#takeId() as ProposalId,
      bytes: encoder.encode(command),
    }));
    voter.step({ type: 'propose', proposals });
    return proposals.map(({ proposalId }) => proposalId);
  }

  changeVoters(voter: TestVoter, change: VoterChange): ProposalId {
    const proposalId = this.#takeId() as ProposalId;
    voter.step({ type: 'change-voters', proposalId, change });
    return proposalId;
  }

  read(voter: TestVoter): ReadId {
    const readId = this.#takeId() as ReadId;
    voter.step({ type: 'read', readId });
    return readId;
  }

  answerTo(voter: TestVoter, id: ProposalId | ReadId): Answer | undefined {
    return voter.answers.find((answer) => {
      if (answer.type === 'transfer-ended') return false;
      return 'readId' in answer ? answer.readId === id : answer.proposalId === id;
    });
  }

  #post(from: TestVoter, to: VoterId, message: RaftMessage): void {
    assert(this.letters.length < lettersMax, 'the table has room');
    this.letters.push({ from: from.voterId, fromDirectory: from.disk.directoryId, to, message });
  }

  #takeId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}
