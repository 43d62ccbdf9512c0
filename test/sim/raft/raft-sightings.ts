/**
 * Watches every voter of a simulated quorum: hands each step to the invariants, and counts what was reached, so that
 * a campaign in which the interesting never happened fails.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import type { RaftWatch } from '../../../src/quorum/raft-runner.ts';
import { RaftClusterInvariants } from '../../../src/raft/raft-cluster-invariants.ts';
import type { RaftEffect } from '../../../src/raft/raft-effect.ts';
import type { RaftEvent } from '../../../src/raft/raft-event.ts';
import type { RaftMessage } from '../../../src/raft/raft-message.ts';
import type { RaftView } from '../../../src/raft/raft-view.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';

export const raftSightings = [
  'raft: leader change',
  'raft: truncation',
  'raft: snapshot installed',
  'raft: compaction',
  'raft: voters changed',
  'raft: pre-vote refused',
  'raft: vote refused',
  'raft: append rejected',
  'raft: stale message',
  'raft: outcome unknown',
  'raft: read confirmed',
  'raft: transfer done',
  'raft: entries loaded for a follower',
  'raft: group of entries in one write',
  'raft: restart with a log',
] as const;
type Sighting = (typeof raftSightings)[number];

export class RaftSightings implements RaftWatch {
  readonly #world: SimulatedWorld;
  readonly #invariants = new RaftClusterInvariants();
  #leaders = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  onStart(view: RaftView): void {
    this.#guarded(() => {
      this.#invariants.onStart(view);
      if (view.last.index > 0) this.#saw('raft: restart with a log');
    });
  }

  onStep(view: RaftView, event: RaftEvent, effects: readonly RaftEffect[]): void {
    this.#guarded(() => {
      this.#invariants.onStep(view, event, effects);
      if (event.type === 'compacted') this.#saw('raft: compaction');
      if (event.type === 'message') this.#onMessage(view, event.message);
      for (const effect of effects) this.#onEffect(effect);
    });
  }

  #onMessage(view: RaftView, message: RaftMessage): void {
    if (message.term < view.term) this.#saw('raft: stale message');
    if (message.type === 'pre-vote-reply' && !message.granted) this.#saw('raft: pre-vote refused');
    if (message.type === 'vote-reply' && !message.granted) this.#saw('raft: vote refused');
    if (message.type === 'append-rejection') this.#saw('raft: append rejected');
  }

  #onEffect(effect: RaftEffect): void {
    switch (effect.type) {
      case 'became-leader':
        this.#leaders += 1;
        if (this.#leaders > 1) this.#saw('raft: leader change');
        return;
      case 'persist':
        if (effect.truncateFrom !== undefined) this.#saw('raft: truncation');
        if (effect.entries.length > 1) this.#saw('raft: group of entries in one write');
        return;
      case 'install-snapshot':
        this.#saw('raft: snapshot installed');
        return;
      case 'voters-changed':
        this.#saw('raft: voters changed');
        return;
      case 'proposal-outcome-unknown':
        this.#saw('raft: outcome unknown');
        return;
      case 'read-ready':
        this.#saw('raft: read confirmed');
        return;
      case 'transfer-ended':
        if (effect.outcome === 'done') this.#saw('raft: transfer done');
        return;
      case 'load-entries':
        if (effect.purpose.type === 'replicate') this.#saw('raft: entries loaded for a follower');
        return;
      default:
    }
  }

  #saw(sighting: Sighting): void {
    this.#world.reached.count(sighting);
  }

  #guarded(look: () => void): void {
    try {
      look();
    } catch (broken) {
      if (!(broken instanceof InvariantError)) throw broken;
      this.#world.fail({ what: broken.message, facts: broken.facts, cause: broken });
    }
  }
}
