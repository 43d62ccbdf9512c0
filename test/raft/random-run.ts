/**
 * One random life of a cluster of Raft cores, drawn from a seed: crashes that take or lose the write under way, slow
 * disks, lost, repeated and reordered messages, cut links in one or both directions, wiped disks, voters that come
 * and go, snapshots, transfers, reads. Which of these a run has, and how often, is drawn as well (swarm testing).
 *
 * After every step raft-cluster-invariants.ts checks R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14.
 * At the end the faults stop: then a leader must come up (RL1), every voter must catch up (RL6), and each command
 * must have had the outcome that its proposer was told (R17).
 */
import { assert, type Facts } from '../../src/base/assert.ts';
import type { VoterId } from '../../src/base/ids.ts';
import type { ProposalId } from '../../src/raft/raft-event.ts';
import type { RaftLimits } from '../../src/raft/raft-options.ts';
import { majorityOf } from '../../src/raft/raft-majority.ts';
import { TestCluster, testVoter } from './test-cluster.ts';
import type { TestVoter } from './test-voter.ts';

/** Small, so that every limit is reached within a few steps. */
const tightLimits: Partial<RaftLimits> = {
  commandBytesMax: 400,
  appendBytesMax: 160,
  appendEntriesMax: 4,
  inFlightAppendsMax: 3,
  inFlightBytesMax: 400,
  uncommittedEntriesMax: 24,
  uncommittedBytesMax: 2000,
  unpersistedBytesMax: 600,
  recentBytesMax: 200,
  loadBytesMax: 160,
  snapshotChunkBytesMax: 48,
  pendingReadsMax: 8,
  catchUpMsMax: 5000,
};

export interface RandomRunResult {
  readonly steps: number;
  /** How often each thing happened: a run in which it never does shows nothing about it. */
  readonly reached: ReadonlyMap<string, number>;
}

export function randomBelow(seed: number): (bound: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

export function runRandomly(seed: number, actionsMax: number): RandomRunResult {
  const run = new RandomRun(seed);
  for (let action = 0; action < actionsMax; action += 1) run.act();
  run.endInPeace();
  return { steps: run.steps, reached: run.reached };
}

type Action = () => void;

class RandomRun {
  readonly reached = new Map<string, number>();
  steps = 0;
  readonly #below: (bound: number) => number;
  readonly #cluster: TestCluster;
  readonly #actions: readonly Action[];
  readonly #weights: readonly number[];
  readonly #weightSum: number;
  readonly #isReordering: boolean;
  readonly #commands = new Map<ProposalId, { readonly text: string; readonly proposer: TestVoter }>();
  #nextCommand = 0;
  #disksUsed = 1;

  constructor(seed: number) {
    this.#below = randomBelow(seed);
    const below = this.#below;
    this.#cluster = new TestCluster({
      voters: 1 + below(5),
      limits: tightLimits,
      integerBelow: below,
      observe: (_, event, effects) => {
        this.steps += 1;
        this.#reach(event.type);
        for (const effect of effects) {
          this.#reach(effect.type === 'send' ? effect.message.type : effect.type);
        }
      },
    });
    this.#isReordering = below(2) === 0;
    for (const voter of this.#cluster.voters) voter.isDiskFast = below(3) === 0;
    const often = (weight: number): number => weight;
    const perhaps = (weight: number): number => (below(2) === 0 ? 0 : 1 + below(weight));
    const table: readonly (readonly [number, Action])[] = [
      [often(400), () => this.#deliver()],
      [often(120), () => this.#finishWork()],
      [often(120), () => this.#tickOne()],
      [often(20), () => this.#tickAll()],
      [often(60), () => this.#propose()],
      [perhaps(20), () => this.#read()],
      [perhaps(60), () => this.#drop()],
      [perhaps(40), () => this.#repeat()],
      [perhaps(6), () => this.#crash()],
      [often(12), () => this.#restart()],
      [perhaps(4), () => this.#cut()],
      [often(2), () => this.#cluster.heal()],
      [perhaps(24), () => this.#compact()],
      [perhaps(6), () => this.#transfer()],
      [perhaps(10), () => this.#changeVoters()],
      [perhaps(1), () => this.#wipe()],
      [perhaps(10), () => this.#usurp()],
    ];
    this.#actions = table.map(([, action]) => action);
    this.#weights = table.map(([weight]) => weight);
    this.#weightSum = this.#weights.reduce((sum, weight) => sum + weight, 0);
  }

  act(): void {
    let drawn = this.#below(this.#weightSum);
    for (const [at, weight] of this.#weights.entries()) {
      drawn -= weight;
      if (drawn >= 0) continue;
      this.#actions[at]?.();
      return;
    }
  }

  endInPeace(): void {
    const cluster = this.#cluster;
    cluster.heal();
    for (const voter of cluster.voters) {
      if (!voter.isUp) voter.start();
      voter.isDiskFast = true;
      voter.completeAllWork();
    }
    if (!this.#canElect()) {
      this.#reach('no majority left');
      return;
    }
    const { heartbeatMs, electionTimeoutMsMax, catchUpMsMax } = cluster.limits;
    const isSettled = (): boolean => cluster.voters.some((voter) => voter.view.isEstablished);
    for (let timeouts = 0; timeouts < 10 && !isSettled(); timeouts += 1)
      cluster.run(heartbeatMs + electionTimeoutMsMax, 50);
    assert(isSettled(), 'RL1: a leader within ten election timeouts', this.#facts());
    // A voter that is joining either joins or is given up, and an old leader notices that it is one (RL5).
    cluster.run(catchUpMsMax, 50);
    const leader = cluster.voters.find((voter) => voter.view.isEstablished);
    assert(leader !== undefined, 'RL3: a leader that everybody hears stays', this.#facts());
    const [last] = cluster.propose(leader, 'the last command');
    cluster.run(heartbeatMs * 3);
    assert(last !== undefined && cluster.answerTo(leader, last)?.type === 'proposal-committed', 'RL1: it commits');
    this.#checkStates(leader);
    this.#checkOutcomes(leader);
  }

  #checkStates(leader: TestVoter): void {
    for (const { voterId, directoryId } of leader.view.voterSet.voters) {
      const voter = this.#cluster.voter(voterId);
      if (voter.disk.directoryId !== directoryId) continue;
      assert(voter.stateIndex === leader.stateIndex, 'RL6: every voter catches up', this.#facts());
      assert(voter.state.join() === leader.state.join(), 'R5: every voter is in the same state', this.#facts());
    }
  }

  #checkOutcomes(leader: TestVoter): void {
    const counts = new Map<string, number>();
    for (const text of leader.state) counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const [id, { text, proposer }] of this.#commands) {
      const count = counts.get(text) ?? 0;
      const answer = this.#cluster.answerTo(proposer, id)?.type;
      const facts = { text, count, answer };
      assert(count <= 1, 'R17: a command is applied once', facts);
      assert(answer !== 'proposal-committed' || count === 1, 'R17: what was acknowledged is there', facts);
      assert(answer !== 'proposal-refused' || count === 0, 'R17: what was refused is not there', facts);
    }
  }

  /** Enough disks are left of the newest set, and of the one before in case the newest is lost. */
  #canElect(): boolean {
    const sets = this.#cluster.voters.map((voter) => voter.view.voterSet).filter((set) => set.voters.length > 0);
    if (sets.length === 0) return false;
    return sets.every(({ voters }) => {
      const alive = voters.filter(
        ({ voterId, directoryId }) => this.#cluster.voter(voterId).disk.directoryId === directoryId,
      );
      return alive.length >= majorityOf(voters.length);
    });
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : items[this.#below(items.length)];
  }

  #upVoter(): TestVoter | undefined {
    return this.#pick(this.#cluster.voters.filter((voter) => voter.isUp));
  }

  /** Mostly one that believes it leads. */
  #proposer(): TestVoter | undefined {
    const leaders = this.#cluster.voters.filter((voter) => voter.isUp && voter.view.role === 'leader');
    return this.#below(8) === 0 ? this.#upVoter() : (this.#pick(leaders) ?? this.#upVoter());
  }

  #deliver(): void {
    const { letters } = this.#cluster;
    const letter = this.#isReordering ? this.#pick(letters) : letters[0];
    if (letter !== undefined) this.#cluster.deliver(letter);
    // A table that fills up is a network that drops.
    if (letters.length > 300) this.#cluster.letters = letters.slice(150);
  }

  #finishWork(): void {
    const voter = this.#pick(this.#cluster.voters.filter(({ isUp, work }) => isUp && work.length > 0));
    voter?.completeWork(this.#below(voter.work.length));
  }

  #tickOne(): void {
    const voter = this.#upVoter();
    if (voter !== undefined) this.#cluster.tick(voter, 1 + this.#below(60));
  }

  #tickAll(): void {
    const ms = 1 + this.#below(100);
    for (const voter of this.#cluster.voters) this.#cluster.tick(voter, ms);
  }

  #propose(): void {
    const proposer = this.#proposer();
    if (proposer === undefined) return;
    const texts = Array.from({ length: 1 + this.#below(3) }, () => {
      this.#nextCommand += 1;
      return `${this.#nextCommand}${'.'.repeat(this.#below(8) === 0 ? this.#below(500) : 3)}`;
    });
    const ids = this.#cluster.propose(proposer, ...texts);
    for (const [at, id] of ids.entries()) this.#commands.set(id, { text: texts[at] ?? '', proposer });
  }

  #read(): void {
    const voter = this.#proposer();
    if (voter !== undefined) this.#cluster.read(voter);
  }

  #drop(): void {
    const letter = this.#pick(this.#cluster.letters);
    if (letter !== undefined) this.#cluster.drop((candidate) => candidate === letter);
  }

  #repeat(): void {
    const letter = this.#pick(this.#cluster.letters);
    if (letter !== undefined) this.#cluster.letters.push({ ...letter });
  }

  #crash(): void {
    this.#upVoter()?.crash(this.#below(2) === 0);
    this.#reach('crash');
  }

  #restart(): void {
    this.#pick(this.#cluster.voters.filter((voter) => !voter.isUp))?.start();
  }

  #cut(): void {
    const one = this.#pick(this.#cluster.voters);
    const other = this.#pick(this.#cluster.voters);
    if (one === undefined || other === undefined) return;
    if (this.#below(2) === 0) this.#cluster.isolate(one.voterId);
    else this.#cluster.cutLink(one.voterId, other.voterId);
  }

  #compact(): void {
    const voter = this.#upVoter();
    // The driver owes the order: it compacts behind a snapshot that it installed, never beside one.
    const isInstalling = voter?.work.some((work) => work.type === 'install-snapshot') ?? true;
    if (voter !== undefined && !isInstalling && voter.stateIndex > 0) voter.compact(this.#below(4));
  }

  #transfer(): void {
    const voter = this.#proposer();
    const target = this.#below(3) === 0 ? undefined : this.#pick(this.#cluster.voters)?.voterId;
    voter?.step({ type: 'transfer', target });
  }

  #changeVoters(): void {
    const proposer = this.#proposer();
    if (proposer === undefined) return;
    const chosen = this.#pick(this.#cluster.voters);
    const kind = this.#below(3);
    if (chosen === undefined) return;
    const current = this.#asVoter(chosen.voterId);
    if (kind === 0 && this.#cluster.voters.length < 7) {
      const id = this.#cluster.voters.length + 1;
      this.#cluster.add(testVoter(id)).isDiskFast = this.#below(2) === 0;
      this.#cluster.changeVoters(proposer, { type: 'add', voter: testVoter(id) });
    } else if (kind === 0) this.#cluster.changeVoters(proposer, { type: 'add', voter: current });
    else if (kind === 1) this.#cluster.changeVoters(proposer, { type: 'remove', ...current });
    else this.#cluster.changeVoters(proposer, { type: 'update', voter: { ...current, apiEndpoint: 'moved:7' } });
  }

  #asVoter(id: VoterId): ReturnType<typeof testVoter> {
    return { ...testVoter(id), directoryId: this.#cluster.voter(id).disk.directoryId };
  }

  #wipe(): void {
    const voter = this.#pick(this.#cluster.voters);
    if (voter === undefined || this.#below(4) > 0) return;
    this.#disksUsed += 1;
    this.#cluster.wipe(voter.voterId, this.#disksUsed);
    this.#reach('wipe');
  }

  /** One believes that the leader is gone, and the others do not object: the old one goes on until it is told. */
  #usurp(): void {
    const voter = this.#upVoter();
    if (voter === undefined) return;
    const { role } = voter.view;
    if (role !== 'leader') this.#cluster.timeOut(voter.voterId);
    // Mostly the old leader shall not notice at once.
    const leader = this.#cluster.voters.find((other) => other.isUp && other.view.role === 'leader');
    if (leader !== undefined && this.#below(2) === 0) this.#cluster.isolate(leader.voterId);
  }

  #reach(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
  }

  #facts(): Facts {
    return {
      voters: this.#cluster.voters.map(({ voterId, view, disk }) => ({
        voterId,
        directoryId: disk.directoryId,
        role: view.role,
        term: view.term,
        commitIndex: view.commitIndex,
        last: view.last,
        set: view.voterSet,
      })),
    };
  }
}
