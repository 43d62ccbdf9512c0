/**
 * How the listed voters become one cluster, the first time: a core without a leader to lean on.
 *
 * The lowest listed voter is the founder. It asks all others for their directories, in two rounds; only when all
 * answer that they are fresh, with the same directories both times, it persists the founding set. Every other
 * voter adopts the set from whoever holds it. A voter that holds a set tells it to everyone who asks, for ever.
 *
 * Promises:
 *   B1 A directory holds at most one founding set in its life.
 *   B2 When a set is founded, no living directory of its voters holds another one, nor ever will. So two sets
 *      never both have a majority: whatever held the earlier one has been wiped.
 *   B3 A directory that is not in the cluster's set never votes by it (a wiped disk does not keep its identity).
 * Why two rounds: a voter could answer "fresh" to a new founder, restart (forgetting its promise) and adopt the
 * set of the founder before from a third. The second round starts when every directory of the new set is known to
 * exist; whoever answers it is alive after that, and no answer of a directory that was replaced can reach it later.
 * Read next: bootstrap-messages.ts, founding-set.ts; random histories: test/raft/raft-bootstrap-model.test.ts.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { StateMachine } from '../base/state-machine.ts';
import type {
  BootstrapAnswer,
  BootstrapEffect,
  BootstrapEvent,
  BootstrapProblem,
  BootstrapQuestion,
  FoundingStanding,
  ListedVoter,
} from './bootstrap-messages.ts';
import { checkFoundingSet, findFoundingVoter, foundingSet, type FoundingSet } from './founding-set.ts';

export interface BootstrapOptions {
  readonly voterId: VoterId;
  /** Durable before this core is made: a directory that was announced must not be forgotten. */
  readonly directoryId: DirectoryId;
  readonly peerEndpoint: string;
  readonly apiEndpoint: string;
  /** As configured; a node that joins a running cluster need not be in it. */
  readonly listed: readonly ListedVoter[];
  /** What the directory holds already. */
  readonly founding: FoundingSet | undefined;
}

interface Introduction {
  readonly directoryId: DirectoryId;
  readonly apiEndpoint: string;
}

type BootstrapState =
  | {
      readonly name: 'founding';
      /** Who answered the current round. */
      readonly heard: Map<VoterId, Introduction>;
      /** What the round before heard from all; undefined in the first. */
      readonly heardBefore: ReadonlyMap<VoterId, Introduction> | undefined;
    }
  | {
      readonly name: 'waiting-for-founder';
      /** The founder's directory, from its own answer to a question of the current round. */
      confirmed: DirectoryId | undefined;
      /** The directory in whose name we were asked when the current round began. */
      doubted: DirectoryId | undefined;
      /** The founder that we last told we are fresh. We adopt no set of another. */
      promised: DirectoryId | undefined;
    }
  | { readonly name: 'persisting'; readonly founding: FoundingSet }
  | { readonly name: 'joined'; readonly founding: FoundingSet };

export class RaftBootstrap implements StateMachine<BootstrapEvent, BootstrapEffect> {
  readonly #self: BootstrapOptions;
  readonly #listedIds: readonly VoterId[];
  readonly #others: readonly VoterId[];
  readonly #founderId: VoterId;
  readonly #reported = new Set<string>();
  #state: BootstrapState;
  /** Answers to questions of an earlier round tell what may no longer be so. */
  #round = 1;
  #effects: BootstrapEffect[] = [];

  constructor(options: BootstrapOptions) {
    this.#self = options;
    this.#listedIds = options.listed.map((voter) => voter.voterId).toSorted((left, right) => left - right);
    assert(new Set(this.#listedIds).size === this.#listedIds.length, 'a voter is listed once', {
      listed: this.#listedIds,
    });
    const [founderId] = this.#listedIds;
    assert(founderId !== undefined, 'a voter lists at least one voter');
    this.#founderId = founderId;
    this.#others = this.#listedIds.filter((voter) => voter !== options.voterId);
    if (options.founding !== undefined) this.#state = { name: 'joined', founding: options.founding };
    else if (founderId === options.voterId)
      this.#state = { name: 'founding', heard: new Map(), heardBefore: undefined };
    else this.#state = { name: 'waiting-for-founder', confirmed: undefined, doubted: undefined, promised: undefined };
  }

  /** Listed voters that have not answered yet, for logs; empty for everyone but the founder. */
  get unanswered(): readonly VoterId[] {
    const state = this.#state;
    return state.name === 'founding' ? this.#others.filter((voter) => !state.heard.has(voter)) : [];
  }

  step(event: BootstrapEvent): readonly BootstrapEffect[] {
    this.#effects = [];
    switch (event.type) {
      case 'ask-time':
        this.#onAskTime();
        break;
      case 'asked':
        this.#effects.push({ type: 'answer', callId: event.callId, answer: this.#answerTo(event.question) });
        break;
      case 'answered':
        this.#onAnswered(event);
        break;
      case 'persisted':
        this.#onPersisted();
        break;
      default:
        assertUnreachable(event);
    }
    return this.#effects;
  }

  #onAskTime(): void {
    if (this.#state.name === 'founding' && this.#others.length === 0) this.#found(new Map());
    else if (this.#state.name === 'founding') this.#ask(this.unanswered);
    else if (this.#state.name === 'waiting-for-founder') this.#ask(this.#others);
  }

  #ask(voters: readonly VoterId[]): void {
    const question = { voterId: this.#self.voterId, directoryId: this.#self.directoryId, listed: this.#listedIds };
    for (const to of voters) this.#effects.push({ type: 'ask', to, round: this.#round, question });
  }

  #answerTo(question: BootstrapQuestion): BootstrapAnswer {
    const state = this.#state;
    switch (state.name) {
      case 'joined':
        return { type: 'member', founding: state.founding };
      case 'persisting':
        return { type: 'wait' };
      case 'founding':
        return this.#differsFrom(question) ?? this.#introduction();
      case 'waiting-for-founder':
        return this.#differsFrom(question) ?? this.#answerAsFresh(state, question);
      default:
        return assertUnreachable(state);
    }
  }

  #introduction(): BootstrapAnswer {
    return { type: 'fresh', directoryId: this.#self.directoryId, apiEndpoint: this.#self.apiEndpoint };
  }

  #differsFrom({ voterId, listed }: BootstrapQuestion): BootstrapAnswer | undefined {
    // A node that joins later lists whom it likes: it never founds.
    if (!this.#listedIds.includes(voterId) || sameIds(listed, this.#listedIds)) return undefined;
    this.#report({ type: 'lists-differ', with: voterId, ours: this.#listedIds, theirs: listed });
    return { type: 'lists-differ', listed: this.#listedIds };
  }

  /**
   * A question may be late: its asker may have been wiped since. So the founder is told "fresh" only when it has
   * answered, under the directory that asks, a question that we sent after we first heard of that directory.
   */
  #answerAsFresh(
    state: Extract<BootstrapState, { name: 'waiting-for-founder' }>,
    { voterId, directoryId }: BootstrapQuestion,
  ): BootstrapAnswer {
    if (voterId !== this.#founderId) return this.#introduction();
    if (state.confirmed === directoryId) {
      state.promised = directoryId;
      return this.#introduction();
    }
    // The same doubt twice must not start another round, or quick askers would outrun every answer.
    if (state.doubted !== directoryId) {
      state.doubted = directoryId;
      state.confirmed = undefined;
      this.#round += 1;
      this.#ask([this.#founderId]);
    }
    return { type: 'wait' };
  }

  #onAnswered({ from, round, answer }: Extract<BootstrapEvent, { type: 'answered' }>): void {
    if (this.#state.name === 'persisting' || this.#state.name === 'joined') return;
    switch (answer.type) {
      case 'fresh':
        if (round === this.#round) this.#onFresh(from, answer);
        return;
      case 'member':
        this.#onMember(from, answer.founding);
        return;
      case 'lists-differ':
        this.#report({ type: 'lists-differ', with: from, ours: this.#listedIds, theirs: answer.listed });
        return;
      case 'wait':
        return;
      default:
        assertUnreachable(answer);
    }
  }

  #onFresh(from: VoterId, introduction: Introduction): void {
    if (this.#state.name === 'waiting-for-founder') {
      if (from === this.#founderId) this.#state.confirmed = introduction.directoryId;
      return;
    }
    if (this.#state.name !== 'founding' || !this.#others.includes(from)) return;
    const { heard, heardBefore } = this.#state;
    const known = heard.get(from);
    if (known !== undefined && known.directoryId !== introduction.directoryId) {
      // Wiped in the middle of the round; which of the two answers is the later one cannot be told.
      this.#beginRound(undefined);
      return;
    }
    heard.set(from, introduction);
    if (heard.size < this.#others.length) return;
    if (heardBefore !== undefined && sameDirectories(heard, heardBefore)) this.#found(heard);
    else this.#beginRound(heard);
  }

  #beginRound(heardBefore: ReadonlyMap<VoterId, Introduction> | undefined): void {
    this.#round += 1;
    this.#state = { name: 'founding', heard: new Map(), heardBefore };
    this.#ask(this.#others);
  }

  #found(heard: ReadonlyMap<VoterId, Introduction>): void {
    assert(heard.size === this.#others.length, 'a cluster is founded when all listed voters have answered', {
      heard: heard.size,
      listed: this.#listedIds,
    });
    const { voterId, directoryId, apiEndpoint, peerEndpoint } = this.#self;
    const voters = this.#self.listed.map((listed) => {
      if (listed.voterId === voterId) return { voterId, directoryId, apiEndpoint, peerEndpoint };
      const introduction = heard.get(listed.voterId);
      assert(introduction !== undefined, 'every founding voter has introduced itself', { voter: listed.voterId });
      return { ...listed, ...introduction };
    });
    this.#persist(
      foundingSet(
        voters.map(({ voterId: id, directoryId: directory, peerEndpoint: peer, apiEndpoint: api }) => ({
          voterId: id,
          directoryId: directory,
          peerEndpoint: peer,
          apiEndpoint: api,
        })),
      ),
    );
  }

  #onMember(from: VoterId, founding: FoundingSet): void {
    const sound = checkFoundingSet(founding);
    if (!sound.ok) {
      this.#report({ type: 'unsound-set', from, why: sound.problem.why });
      return;
    }
    const founder = founding.voters[0];
    assert(founder !== undefined, 'a founding set has a founder', { clusterId: founding.clusterId });
    if (founder.directoryId === this.#self.directoryId) {
      // It was persisted here before anyone could hear of it. Taking it back would hide a disk that forgets.
      this.#report({ type: 'founding-lost', founding });
      return;
    }
    const promised = this.#state.name === 'waiting-for-founder' ? this.#state.promised : undefined;
    // The answer of a cluster whose founder has been wiped since, before anyone followed it.
    if (promised !== undefined && promised !== founder.directoryId) return;
    this.#persist(founding);
  }

  #persist(founding: FoundingSet): void {
    this.#state = { name: 'persisting', founding };
    this.#effects.push({ type: 'persist', founding });
  }

  #onPersisted(): void {
    assert(this.#state.name === 'persisting', 'only a set being persisted becomes durable', {
      state: this.#state.name,
    });
    const { founding } = this.#state;
    this.#state = { name: 'joined', founding };
    const standing = standingIn(founding, this.#self);
    if (standing === 'outsider') this.#report(outsiderProblem(founding, this.#self));
    this.#effects.push({ type: 'joined', founding, standing });
  }

  #report(problem: BootstrapProblem): void {
    const key = problem.type === 'lists-differ' ? `${problem.type} ${problem.with}` : problem.type;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#effects.push({ type: 'report', problem });
  }
}

/** B3: only the directory named in the set votes by it, not whoever has the voter's number. */
export function standingIn(
  founding: FoundingSet,
  self: { readonly voterId: VoterId; readonly directoryId: DirectoryId },
): FoundingStanding {
  return findFoundingVoter(founding, self.voterId)?.directoryId === self.directoryId ? 'founder' : 'outsider';
}

function outsiderProblem(founding: FoundingSet, { voterId, directoryId }: BootstrapOptions): BootstrapProblem {
  const known = findFoundingVoter(founding, voterId)?.directoryId;
  return known === undefined
    ? { type: 'not-a-founder', founding, ours: directoryId }
    : { type: 'directory-replaced', founding, known, ours: directoryId };
}

function sameIds(left: readonly VoterId[], right: readonly VoterId[]): boolean {
  return left.length === right.length && left.every((voter, at) => voter === right[at]);
}

function sameDirectories(left: ReadonlyMap<VoterId, Introduction>, right: ReadonlyMap<VoterId, Introduction>): boolean {
  return (
    left.size === right.size &&
    [...left].every(([voter, { directoryId }]) => right.get(voter)?.directoryId === directoryId)
  );
}
