/**
 * A world of bootstrapping voters without streams or disks: calls in flight that overtake each other and get
 * lost, crashes at every moment, wiped disks. Everything is drawn from a seed. Checks B1 to B3 after each action.
 */
import { expect } from 'vitest';
import { directoryId, voterId, type DirectoryId, type VoterId } from '../../src/base/ids.ts';
import type { BootstrapAnswer, BootstrapEffect, BootstrapQuestion } from '../../src/raft/bootstrap-messages.ts';
import type { FoundingSet } from '../../src/raft/founding-set.ts';
import { RaftBootstrap } from '../../src/raft/raft-bootstrap.ts';

interface ModelDisk {
  readonly directoryId: DirectoryId;
  founding: FoundingSet | undefined;
}

interface ModelVoter {
  readonly id: VoterId;
  disk: ModelDisk;
  /** Counts up with every start; calls of an earlier life are dead. */
  life: number;
  core: RaftBootstrap;
  persisting: FoundingSet | undefined;
}

type Call =
  | {
      readonly to: VoterId;
      readonly from: VoterId;
      readonly life: number;
      readonly round: number;
      readonly question: BootstrapQuestion;
    }
  | {
      readonly to: VoterId;
      readonly from: VoterId;
      readonly life: number;
      readonly round: number;
      readonly answer: BootstrapAnswer;
    };

export function seededDraw(seed: number): (bound: number) => number {
  let state = (seed + 1) * 0x9e3779b1;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

export class BootstrapWorld {
  readonly voters: ModelVoter[];
  readonly founded: FoundingSet[] = [];
  readonly #calls: Call[] = [];
  readonly #draw: (bound: number) => number;
  readonly #everHeld = new Map<DirectoryId, FoundingSet>();
  /** Of a thousand actions; the rest delivers what is in flight. */
  readonly #habits: Readonly<Record<'wipe' | 'restart' | 'ask' | 'persist' | 'lose', number>>;
  #directories = 0;

  constructor({ voters, draw, wipes }: { voters: number; draw: (bound: number) => number; wipes: boolean }) {
    this.#draw = draw;
    this.#habits = {
      wipe: wipes ? 5 + draw(40) : 0,
      restart: draw(60),
      ask: 50 + draw(200),
      persist: 20 + draw(100),
      lose: draw(50),
    };
    this.voters = Array.from({ length: voters }, (_, at) => {
      const id = voterId(at + 1);
      const disk = this.#freshDisk();
      return { id, disk, life: 0, core: startCore({ id, disk, voters }), persisting: undefined };
    });
  }

  /** Something happens somewhere, as often as the world's habits say. */
  act(): void {
    const voter = this.#anyVoter();
    const { wipe, restart, ask, persist, lose } = this.#habits;
    let what = this.#draw(1000);
    const drawn = (share: number): boolean => (what -= share) < 0;
    if (drawn(wipe)) this.#wipe();
    else if (drawn(restart)) this.#restart(voter);
    else if (drawn(ask)) this.#perform(voter, voter.core.step({ type: 'ask-time' }));
    else if (drawn(persist)) this.#finishPersist(voter);
    else if (drawn(lose)) this.#calls.splice(this.#draw(this.#calls.length + 1), 1);
    // Mostly in order, so that things come to pass; sometimes very late, so that they come too late.
    else this.#deliverOne(this.#draw(this.#draw(3) === 0 ? Math.max(1, this.#calls.length) : 2));
    this.#check();
  }

  /** Nothing fails any more and everyone gets its turns. */
  settle(): void {
    for (let turn = 0; turn < 12; turn += 1) {
      for (const voter of this.voters) {
        this.#finishPersist(voter);
        this.#perform(voter, voter.core.step({ type: 'ask-time' }));
      }
      while (this.#calls.length > 0) this.#deliverOne(0);
      this.#check();
    }
  }

  get settled(): boolean {
    return this.voters.every((voter) => voter.disk.founding !== undefined);
  }

  /** Those that hold a set, for preference: a set that nobody is left to tell of is the dangerous one. */
  #wipe(): void {
    const holders = this.voters.filter((voter) => voter.disk.founding !== undefined || voter.persisting !== undefined);
    const voter = holders.length > 0 ? holders[this.#draw(holders.length)] : this.#anyVoter();
    if (voter === undefined) return;
    voter.disk = this.#freshDisk();
    this.#restart(voter);
  }

  #anyVoter(): ModelVoter {
    const voter = this.voters[this.#draw(this.voters.length)];
    if (voter === undefined) throw new Error('drew a voter that does not exist');
    return voter;
  }

  #mustVoter(id: VoterId): ModelVoter {
    const voter = this.voters.find((each) => each.id === id);
    if (voter === undefined) throw new Error(`no voter ${id}`);
    return voter;
  }

  #freshDisk(): ModelDisk {
    this.#directories += 1;
    return { directoryId: directoryId(String(this.#directories).padStart(32, '0')), founding: undefined };
  }

  #restart(voter: ModelVoter): void {
    voter.life += 1;
    voter.persisting = undefined;
    voter.core = startCore({ id: voter.id, disk: voter.disk, voters: this.voters.length });
  }

  #finishPersist(voter: ModelVoter): void {
    if (voter.persisting === undefined) return;
    const founding = voter.persisting;
    const { directoryId: directory } = voter.disk;
    expect(this.#everHeld.get(directory)?.clusterId ?? founding.clusterId, 'B1').toBe(founding.clusterId);
    this.#everHeld.set(directory, founding);
    voter.disk.founding = founding;
    voter.persisting = undefined;
    if (this.founded.every((set) => set.clusterId !== founding.clusterId)) this.founded.push(founding);
    this.#perform(voter, voter.core.step({ type: 'persisted' }));
  }

  #deliverOne(at: number): void {
    const [call] = this.#calls.splice(at, 1);
    if (call === undefined) return;
    if ('question' in call) {
      const asked = this.#mustVoter(call.to);
      const { from, to, life, round } = call;
      this.#perform(asked, asked.core.step({ type: 'asked', callId: 1, question: call.question }), (answer) => {
        // Who restarts before the answer left has not answered; losing it in #calls stands for that.
        this.#calls.push({ from: to, to: from, life, round, answer });
      });
      return;
    }
    const asker = this.#mustVoter(call.to);
    if (asker.life !== call.life) return;
    this.#perform(
      asker,
      asker.core.step({ type: 'answered', from: call.from, round: call.round, answer: call.answer }),
    );
  }

  #perform(voter: ModelVoter, effects: readonly BootstrapEffect[], reply?: (answer: BootstrapAnswer) => void): void {
    for (const effect of effects) {
      if (effect.type === 'ask')
        this.#calls.push({
          from: voter.id,
          to: effect.to,
          life: voter.life,
          round: effect.round,
          question: effect.question,
        });
      else if (effect.type === 'answer') reply?.(effect.answer);
      else if (effect.type === 'persist') voter.persisting = effect.founding;
      else if (effect.type === 'joined')
        expect(effect.standing, 'B3').toBe(
          effect.founding.voters.some((each) => each.directoryId === voter.disk.directoryId) ? 'founder' : 'outsider',
        );
    }
  }

  /** B2: no directory of the latest founded set holds, or held, or is about to hold another one. */
  #check(): void {
    const latest = this.founded.at(-1);
    if (latest === undefined) return;
    for (const voter of this.voters) {
      const named = latest.voters.some((each) => each.directoryId === voter.disk.directoryId);
      const held = voter.disk.founding ?? voter.persisting;
      if (named && held !== undefined) expect(held.clusterId, 'B2').toBe(latest.clusterId);
    }
  }
}

function startCore({ id, disk, voters }: { id: VoterId; disk: ModelDisk; voters: number }): RaftBootstrap {
  return new RaftBootstrap({
    voterId: id,
    directoryId: disk.directoryId,
    peerEndpoint: `voter-${id}:7181`,
    apiEndpoint: `voter-${id}:7081`,
    listed: Array.from({ length: voters }, (_, at) => ({
      voterId: voterId(at + 1),
      peerEndpoint: `voter-${at + 1}:7181`,
    })),
    founding: disk.founding,
  });
}
